/**
 * The kernels that choose the next token from the logits: argmax, the steps of the sampling chain,
 * the draw, and the likeliest tokens with their log-probabilities. {@link
 * gpt.kernels.sampling.Sampling} has the order of the steps and the layout of their arrays. The
 * letters are those of {@link gpt.kernels}.
 */
package gpt.kernels.sampling;
