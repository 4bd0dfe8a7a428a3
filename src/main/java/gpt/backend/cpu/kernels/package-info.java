/**
 * The arithmetic of the CPU backend: products of rows with panels of weights in every precision,
 * attention's sums, normalization and activations. {@link gpt.backend.cpu.kernels.CpuKernels} is
 * what a forward pass calls. Three classes implement it: {@code VectorKernels} (the Vector API;
 * {@code Vector…} are its parts), {@code ScalarKernels} (the same bits in plain Java) and {@code
 * PlainKernels} (for a JVM without the Vector API, with sums in an order of its own).
 *
 * <p>Layouts of weights and activations: {@code QuantizedPanel}, {@code CodeLayout}, {@code
 * QuantizedRows}, {@code ReducedPrecision}. Until the JIT has compiled them: {@code TieredKernels},
 * {@code WarmUp}. May use {@code gpt.model} only.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.backend.cpu.kernels;
