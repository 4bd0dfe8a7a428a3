/**
 * What runs task graphs without TornadoVM: a stand-in that checks more than a device does.
 *
 * <p>The packages around this one have the names and signatures of TornadoVM's API, as far as this
 * project uses it, so that the same class files run on either; this package is the emulator's own.
 * A {@link uk.ac.manchester.tornado.api.emulator.Graph} copies arrays between the host's and the
 * device's memory ({@link uk.ac.manchester.tornado.api.emulator.Memory}); a {@code Launch} runs a
 * kernel for every work item, one at a time and in several orders; a {@code Fibers} hands over
 * between the items of a group where they meet at barriers.
 *
 * <p>It is stricter than TornadoVM in what its compiler or runtime may do one way or the other:
 *
 * <ul>
 *   <li>An array that no transfer names is not copied to the device; TornadoVM copies it once where
 *       the first task that uses it reads it.
 *   <li>An array that this task only writes is not copied either, whatever transfers say; TornadoVM
 *       copies it where the task writes under a condition. So more bytes can be counted there.
 *   <li>Only what a graph persists or consumes itself can be consumed from it.
 *   <li>A {@code localBarrier} orders local memory only, as in OpenCL; groups have at most 1024
 *       items and 48 KiB.
 *   <li>A graph that was recorded as a CUDA graph cannot run with other grids, which TornadoVM
 *       would ignore.
 * </ul>
 *
 * <p>Graphs run one at a time. While one runs, no other thread may use its arrays.
 *
 * <p>System properties, read at every launch:
 *
 * <ul>
 *   <li>{@code gpt.emulator.orders}: in how many orders of its items a kernel runs, to find results
 *       that depend on it: 1 forward (for speed: nor are barriers told apart), 2 backward too, 3
 *       (the default) shuffled too, more are more shuffles
 *   <li>{@code gpt.emulator.seed}: seed of the shuffles, 1 by default
 *   <li>{@code gpt.emulator.type}: what the device calls itself, {@code gpu} (default) or {@code
 *       cpu}
 *   <li>{@code tornado.device.memory}: bytes a plan's buffers can have together, as TornadoVM reads
 *       it; 4GB by default
 * </ul>
 */
package uk.ac.manchester.tornado.api.emulator;
