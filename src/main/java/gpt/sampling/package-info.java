/**
 * From logits to the next token: the chain's parameters, its random numbers, its reference.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.sampling;
