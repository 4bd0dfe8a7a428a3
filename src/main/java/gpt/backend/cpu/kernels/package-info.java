/**
 * The arithmetic of the CPU backend: products of rows with panels of weights in every precision,
 * attention's sums, normalization and activations. {@link gpt.backend.cpu.kernels.CpuKernels} is
 * what a forward pass calls. Two classes implement it, with the same bits: {@code VectorKernels}
 * (the Vector API; {@code Vector…} are its parts) and {@code ScalarKernels} (plain Java, also for a
 * JVM without the Vector API; {@code Scalar…} are its parts). {@code TieredKernels} calls the
 * scalar kernels until the JIT has compiled the vector kernels; {@code WarmUp} calls these until
 * then.
 *
 * <p>Layouts of weights and activations: {@code QuantizedPanel}, {@code CodeLayout}, {@code
 * QuantizedRows}, {@code ReducedPrecision}. May use {@code gpt.model} only.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.backend.cpu.kernels;
