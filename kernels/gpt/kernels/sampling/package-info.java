/**
 * The kernels that choose the next token from the logits: argmax for greedy decoding, and the
 * sampling chain (penalties, biases, temperature, top-k, top-p, min-p, typical-p, the draw, and the
 * log-probabilities of the likeliest tokens).
 *
 * <p>Read {@link gpt.kernels.sampling.Sampling} first: it describes the order of the kernels, the
 * fixed-point numbers and the layout of the shared arrays. Then read {@link
 * gpt.kernels.sampling.Tally} and {@link gpt.kernels.sampling.SelectDigit}: together they are a
 * radix select, which finds a threshold among the tokens digit by digit, without sorting them. The
 * letters in shapes are those of {@link gpt.kernels}.
 *
 * <p>May import TornadoVM's API, {@code java.*} and {@link gpt.kernels.runtime}.
 */
package gpt.kernels.sampling;
