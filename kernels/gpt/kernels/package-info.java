/**
 * The TornadoVM kernels, one operation a file. Each file starts with the formula, the shapes, how
 * threads map to data, and the bytes and FLOPs that bound it. Its first version, {@code naive}, is
 * the one to read first; the others are optimized for a kind of device.
 *
 * <ul>
 *   <li>This package: the transformer.
 *   <li>{@link gpt.kernels.sampling}: choosing the next token.
 *   <li>{@link gpt.kernels.runtime}: what all kernels share, namely the rows of a step, versions,
 *       matrices, copies.
 * </ul>
 *
 * <p>The kernels may import TornadoVM's API and {@code java.*}, nothing else.
 *
 * <p>Letters in the shapes of all files:
 *
 * <ul>
 *   <li>R, rows of a step: one token of one sequence each, from prompts or decoding
 *   <li>B, slots: sequences that the KV cache has room for
 *   <li>T, positions of a context window ({@code block_size})
 *   <li>L, transformer blocks ({@code n_layer})
 *   <li>C, channels of the residual stream ({@code n_embd})
 *   <li>H, channels of the MLP's hidden layer, 4·C in GPT-2
 *   <li>V, size of the vocabulary
 *   <li>NH, attention heads ({@code n_head})
 *   <li>HS, channels of one head, C / NH
 *   <li>G, chunks of the vocabulary, which are processed in parallel
 *   <li>N, K: outputs and inputs of a matrix (N, K)
 * </ul>
 *
 * <p>Matrices are row-major, (out, in). The matrices of all L blocks are concatenated in one array:
 * the same graph of tasks runs L times and reads the block's index from the device ({@link
 * gpt.kernels.runtime.Pass}). So the number of compilations does not depend on the depth of the
 * model.
 *
 * <p>Versions are named for how they divide the work. {@code …PerGroup} and {@code tiled} are for
 * GPUs: adjacent threads read adjacent addresses (coalesced), and a workgroup shares what it loaded
 * in local memory, CUDA's shared memory. {@code …PerThread} is for CPUs: each of a few threads
 * reads memory in order and keeps several independent sums in flight.
 *
 * <p>Rules for kernels. TornadoVM 5.2 does not report a violation of these; the result is wrong:
 *
 * <ul>
 *   <li>Nest {@code if}s instead of joining conditions by {@code &&} or {@code ||}; do not use
 *       {@code >>>}.
 *   <li>Never compute an infinity or NaN: kernels are compiled for finite numbers. Comparisons may
 *       detect them, as in {@link gpt.kernels.sampling.Argmax}.
 *   <li>A grid is a multiple of its workgroup, so kernels check their index.
 *   <li>A scalar argument is compiled in as a constant: read what changes from step to step from an
 *       array.
 *   <li>Index a local array in the kernel itself: in a helper method the index counts bytes.
 *   <li>Where rounding matters, do not add a float product in the expression that computes it:
 *       compilers contract the two to a fused multiply-add.
 *   <li>Put stores that do not need a loop's result before a loop with a barrier: PoCL 3.1 dropped
 *       the {@code if} around a store behind one.
 * </ul>
 *
 * <p>And TornadoVM reports these, with an error that hides the cause:
 *
 * <ul>
 *   <li>An {@code if} on a constant inside an {@code if} on the same constant does not compile.
 *   <li>An array that is passed to a task twice and written makes the scheduler loop forever; hence
 *       {@link gpt.kernels.runtime.Unused}.
 *   <li>An array whose first task only writes it is not copied to the device.
 *   <li>A method of more than 600 nodes, including those of the methods it calls, is not inlined.
 * </ul>
 */
package gpt.kernels;
