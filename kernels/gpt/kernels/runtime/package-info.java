/**
 * What the kernels share: {@link gpt.kernels.runtime.Version}, a kernel with its task and grid;
 * {@link gpt.kernels.runtime.Matrix}, a weight in one of three precisions; {@link
 * gpt.kernels.runtime.Pass}, the rows of a step and the block index on the device; {@link
 * gpt.kernels.runtime.Feed}, which sets the rows; {@link gpt.kernels.runtime.SlotCopy}, which
 * copies keys and values between slots; {@link gpt.kernels.runtime.Sampling}, the layout of the
 * sampling parameters. The letters in shapes are those of {@link gpt.kernels}.
 *
 * <p>May import TornadoVM's API and {@code java.*}.
 */
package gpt.kernels.runtime;
