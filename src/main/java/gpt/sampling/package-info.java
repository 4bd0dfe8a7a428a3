/**
 * The sampling chain: from logits to the next token.
 *
 * <p>{@link gpt.sampling.SamplingParameters} are the user's settings, {@link
 * gpt.sampling.HostSampler} the chain on the host and the reference for the one on devices ({@code
 * gpt.kernels.sampling}), {@link gpt.sampling.ChainTrace} what each step did to the probabilities,
 * {@link gpt.sampling.Philox} the random numbers. {@link gpt.sampling.Weight} explains the
 * fixed-point numbers that make host and devices agree.
 *
 * <p>Internal: the public API is the package {@code gpt}. May import the value types of {@code gpt}
 * and {@code java.*}.
 */
package gpt.sampling;
