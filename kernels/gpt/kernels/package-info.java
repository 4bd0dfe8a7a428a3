/**
 * The TornadoVM kernels: one operation a file, each with its formula, its shapes, how threads map
 * to data, and the bytes and FLOPs that bound it. None is here yet.
 *
 * <p>Letters used in every file of this package:
 *
 * <ul>
 *   <li>B, samples in a batch
 *   <li>T, positions of a sequence
 *   <li>C, channels of the residual stream ({@code n_embd})
 *   <li>V, size of the vocabulary
 *   <li>NH, attention heads ({@code n_head})
 *   <li>HS, channels of one head (C / NH)
 * </ul>
 */
package gpt.kernels;
