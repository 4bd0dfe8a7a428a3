/**
 * The kernels that choose the next token from the logits: argmax for greedy decoding, and the
 * sampling chain (penalties, biases, temperature, top-k, top-p, min-p, typical-p, the draw, and the
 * log-probabilities of the likeliest tokens).
 *
 * <p>{@link gpt.kernels.sampling.Sampling} describes the order of the kernels, the fixed-point
 * numbers and the layout of the arrays that they share; read it first. Then read {@link
 * gpt.kernels.sampling.Tally} and {@link gpt.kernels.sampling.SelectDigit}: together they are a
 * radix select, which replaces sorting. The letters in shapes are those of {@link gpt.kernels}.
 *
 * <p>May import TornadoVM's API, {@code java.*} and {@link gpt.kernels.runtime}.
 */
package gpt.kernels.sampling;
