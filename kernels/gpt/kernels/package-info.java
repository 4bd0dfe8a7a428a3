/**
 * The TornadoVM kernels, one operation per file. Each file starts with the formula, the shapes, how
 * threads map to data, and the bytes and FLOPs that bound it. Read its first version, {@code
 * naive}, first; the others are optimized for a kind of device.
 *
 * <ul>
 *   <li>This package: the transformer.
 *   <li>{@link gpt.kernels.sampling}: choosing the next token.
 *   <li>{@link gpt.kernels.runtime}: what all kernels use: the rows of a step, versions, matrices,
 *       copies.
 * </ul>
 *
 * <p>A kernel has one of two forms. If its loops are {@code @Parallel}, TornadoVM runs one work
 * item for each iteration. If it has a {@code KernelContext}, it reads its own index from it and
 * can use local memory and barriers. A work item is a CUDA thread, and these comments also call it
 * a thread; a workgroup is a CUDA thread block. "Block" means a transformer block unless a file
 * defines it otherwise.
 *
 * <p>The kernels may import TornadoVM's API and {@code java.*}, nothing else.
 *
 * <p>Letters in the shapes of all files:
 *
 * <ul>
 *   <li>R, rows of a step; a row is one token of one sequence, from a prompt or from decoding
 *   <li>B, slots: sequences that the KV cache has room for
 *   <li>T, positions of a context window ({@code block_size})
 *   <li>L, transformer blocks ({@code n_layer})
 *   <li>C, channels of the residual stream ({@code n_embd})
 *   <li>H, channels of the MLP's hidden layer, 4·C in GPT-2
 *   <li>V, size of the vocabulary
 *   <li>NH, attention heads ({@code n_head})
 *   <li>HS, channels of one head, C / NH
 *   <li>G, chunks of the vocabulary, which are processed in parallel
 *   <li>N, K: outputs and inputs of a matrix (N, K); in the formulas of attention, K and V are the
 *       keys and values
 * </ul>
 *
 * <p>Matrices are row-major, (out, in). The matrices of all L blocks are concatenated in one array:
 * one task graph runs L times and reads the block index from the device ({@link
 * gpt.kernels.runtime.Pass}). So the number of compilations does not depend on L.
 *
 * <p>Versions are named after how they divide the work. {@code …PerGroup}, {@code …PerWarp} and
 * {@code tiled} are for GPUs: adjacent threads read adjacent addresses (coalesced), and a workgroup
 * shares loaded data in local memory, CUDA's shared memory. Beside one of these, {@code …PerThread}
 * is for CPUs: each of a few threads reads memory in order and keeps several independent sums in
 * flight. A {@code …PerThread} version without such a counterpart has independent work items and
 * runs on any device.
 *
 * <p>Rules for kernels. TornadoVM 5.2 reports no violation of these; the result is wrong:
 *
 * <ul>
 *   <li>Nest {@code if}s instead of joining conditions with {@code &&} or {@code ||}; do not use
 *       {@code >>>}.
 *   <li>Never compute an infinity or NaN: the compiler may assume finite numbers. Comparisons may
 *       detect them in the input, as in {@link gpt.kernels.runtime.Sampling#logitStatus}.
 *   <li>Check the index: a grid is a multiple of its workgroup size and may exceed the data.
 *   <li>A scalar argument becomes a constant in the compiled kernel: read a value that changes from
 *       step to step from an array.
 *   <li>Do not pass a local array to a method, where TornadoVM takes the index as bytes. A method
 *       may allocate one: TornadoVM inlines it, and each call in the source has its own array.
 *   <li>Where rounding matters, do not multiply and add in one expression: compilers contract the
 *       two to a fused multiply-add.
 *   <li>{@code simdSum} adds up a warp on CUDA, PTX and Metal; on OpenCL it returns its argument.
 *       All lanes of the warp must call it.
 *   <li>Do not end both branches of an {@code if} with a loop: behind them, TornadoVM's OpenCL and
 *       CUDA code assigns the loop's variables of the second branch, whichever one ran. Write the
 *       two loops one after the other, with bounds that skip one ({@link gpt.kernels.Projection}'s
 *       {@code rowPerWarp}).
 *   <li>Put stores that do not need a loop's result before a loop with a barrier: PoCL 3.1 dropped
 *       the {@code if} around a store that follows one. Make other stores right if all work items
 *       do them, as at the end of {@link gpt.kernels.sampling.SamplingChain}.
 * </ul>
 *
 * <p>These make TornadoVM fail to compile, hang, or report an error that hides the cause:
 *
 * <ul>
 *   <li>An {@code if} on a constant inside an {@code if} on the same constant does not compile.
 *   <li>An array that is passed to a task twice and written makes TornadoVM's scheduler loop
 *       forever. So {@link gpt.kernels.runtime.Unused} has separate arrays for unused arguments.
 *   <li>An array whose first task only writes it is not copied to the device.
 *   <li>A call that only one backend knows, such as {@code getHalf2} of CUDA, fails on the others
 *       even where a constant argument removes it. Only a {@code static final} condition does not
 *       parse it ({@link gpt.kernels.runtime.Matrix}).
 *   <li>A method of more than 600 nodes, including those of the methods it calls, is not inlined.
 *   <li>{@code Math.min} of two {@code long}s does not compile in OpenCL if one was an {@code int}.
 * </ul>
 */
package gpt.kernels;
