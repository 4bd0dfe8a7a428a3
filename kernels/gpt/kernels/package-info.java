/**
 * The TornadoVM kernels: one operation a file. Each begins with its formula, its shapes, how
 * threads map to data, and the bytes and FLOPs that bound it; its first version is {@code naive},
 * the one to read first. This package is the transformer; {@link gpt.kernels.sampling} chooses the
 * next token, and {@link gpt.kernels.runtime} has what all of them share: rows, versions, matrices,
 * copies.
 *
 * <p>Letters used in every file of these packages:
 *
 * <ul>
 *   <li>R, rows of a pass: positions of a prompt, or samples that each append one token
 *   <li>B, samples in a batch, each with keys and values of its own
 *   <li>T, positions that a context can hold ({@code block_size})
 *   <li>L, transformer blocks ({@code n_layer})
 *   <li>C, channels of the residual stream ({@code n_embd})
 *   <li>H, channels of the MLP's hidden layer, 4·C in GPT-2
 *   <li>V, size of the vocabulary
 *   <li>NH, attention heads ({@code n_head})
 *   <li>HS, channels of one head (C / NH)
 *   <li>G, chunks of the vocabulary that a launch works on side by side
 *   <li>N, K: outputs and inputs of a matrix (N, K)
 * </ul>
 *
 * <p>Matrices are row-major, (out, in), and those of all L blocks lie in one array, block after
 * block: a graph of one block's tasks runs L times and finds its weights by the block's index,
 * which is on the device too ({@link gpt.kernels.runtime.Pass}). So a model of any depth needs the
 * same few compilations.
 *
 * <p>Two kinds of device want opposite things. A GPU wants neighbouring lanes to read neighbouring
 * addresses and a workgroup to share what it read: {@code …PerGroup}, {@code tiled}. A CPU wants
 * each of its few threads to walk memory in order, with several sums in flight: {@code …PerThread}.
 *
 * <p>What every kernel here keeps to, because TornadoVM 5.2 does not report it where it is not kept
 * and the result is wrong:
 *
 * <ul>
 *   <li>{@code if}s are nested instead of joined by {@code &&} and {@code ||}; no {@code >>>}.
 *   <li>No infinity or NaN is made by arithmetic; {@link gpt.kernels.sampling.Argmax} only looks
 *       for them.
 *   <li>A grid is a multiple of its group, and kernels check their index.
 *   <li>A scalar argument is compiled in as a constant, so what changes from pass to pass is read
 *       from an array.
 *   <li>A local array is used in the kernel itself: a helper method would index it by bytes.
 *   <li>A float product is not an operand of a sum in the same expression where its rounding
 *       matters: compilers make one operation of them.
 *   <li>Stores that do not need a loop's result stand before a loop that has a barrier in it: PoCL
 *       3.1 forgot the {@code if} around one that stood behind.
 * </ul>
 *
 * <p>And what is reported, but not why: an {@code if} on a constant inside an equal one does not
 * compile; an array that a task takes twice and writes keeps the scheduler busy for ever ({@link
 * gpt.kernels.runtime.Unused}); an array whose first task only writes it is not copied to the
 * device; a method of more than 600 nodes, those of the methods it calls included, is not inlined.
 */
package gpt.kernels;
