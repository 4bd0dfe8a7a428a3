/**
 * The sampling chain: from logits to the next token.
 *
 * <p>{@link gpt.sampling.SamplingParameters} are the user's settings. {@link
 * gpt.sampling.HostSampler} runs the chain on the host and is the reference for the kernels that
 * run it on devices ({@code gpt.kernels.sampling}). {@link gpt.sampling.ChainTrace} records the
 * probabilities after each step, and {@link gpt.sampling.Philox} generates the random numbers.
 * {@link gpt.sampling.Weight} explains the fixed-point numbers, with which host and devices choose
 * the same token.
 *
 * <p>Internal: the public API is the package {@code gpt}. May import the value types of {@code gpt}
 * and {@code java.*}.
 */
package gpt.sampling;
