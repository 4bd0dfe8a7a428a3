/**
 * The forward pass on the CPU. Activations and sums are float32; weights may be f32, bf16, f16, i8
 * or q4. The kernels use the Vector API where this JVM has it, else plain Java. Tests compare the
 * results with {@link gpt.backend.reference}.
 *
 * <p>Main types: {@link gpt.backend.cpu.CpuEngine} (the engine), {@code CpuForward} (the forward
 * pass), {@code PackedMatrix} (weights in panels), {@code Workers} (the thread pool). The
 * arithmetic is in {@link gpt.backend.cpu.kernels}. May use that, {@code gpt.engine} and {@code
 * gpt.model}, and the GELU of {@code gpt.backend.reference}.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.backend.cpu;
