/**
 * The kernels that choose the next token from the logits: the sampling chain (penalties, biases,
 * temperature, top-k, top-p, min-p, typical-p, the draw), and the log-probabilities of the
 * likeliest tokens.
 *
 * <p>Read {@link gpt.kernels.sampling.SamplingChain} first: it is the whole chain, in its order.
 * {@code RadixSelect} finds a threshold among the tokens digit by digit, without sorting them.
 * {@link gpt.kernels.runtime.Sampling} has the layout of the parameters. The letters in shapes are
 * those of {@link gpt.kernels}.
 *
 * <p>May import TornadoVM's API, {@code java.*} and {@link gpt.kernels.runtime}.
 */
package gpt.kernels.sampling;
