/**
 * The forward pass on a TornadoVM device: where its arrays lie, and the task graphs that run the
 * kernels of {@code gpt.kernels} over them.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.backend.tornado;
