/**
 * A GPT model: its shape, its weights and their precisions.
 *
 * <p>Main types: {@link gpt.model.GptConfig}, {@link gpt.model.Weights}, {@link gpt.model.Tensor},
 * {@link gpt.model.Precision}. Uses no other package.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.model;
