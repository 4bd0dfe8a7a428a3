/**
 * The emulator: runs task graphs without TornadoVM and checks more than a device does.
 *
 * <p>The packages around this one have the names and signatures of TornadoVM's API, as far as this
 * project uses it, so that the same class files run on either; this package is the emulator's own.
 * A {@link uk.ac.manchester.tornado.api.emulator.Graph} copies arrays between the host's and the
 * device's memory ({@link uk.ac.manchester.tornado.api.emulator.Memory}); a {@code Launch} runs a
 * kernel for every work item, one at a time and in several orders; {@code Fibers} switches between
 * the work items of a workgroup at barriers.
 *
 * <p>It is stricter than TornadoVM where TornadoVM's behaviour depends on compiler or runtime:
 *
 * <ul>
 *   <li>An array without a declared transfer is not copied to the device; TornadoVM copies it once
 *       if the first task that uses it reads it.
 *   <li>An array that this task only writes is not copied either, even with a declared transfer;
 *       TornadoVM copies it if the task writes conditionally, so it can count more bytes.
 *   <li>Only arrays that a graph persists or consumes can be consumed from it.
 *   <li>A {@code localBarrier} orders local memory only, as in OpenCL; workgroups have at most 1024
 *       work items and 48 KiB of local memory.
 *   <li>A graph that was recorded as a CUDA graph cannot run with other grids, which TornadoVM
 *       would ignore.
 * </ul>
 *
 * <p>{@link uk.ac.manchester.tornado.api.emulator.Counting} counts what a kernel's warps read and
 * write; a {@link uk.ac.manchester.tornado.api.emulator.CountingLoader} inserts its calls into the
 * kernel. Other runs are not slower for it.
 *
 * <p>Graphs run one at a time. While one runs, no other thread may use its arrays.
 *
 * <p>System properties, read at every launch:
 *
 * <ul>
 *   <li>{@code gpt.emulator.orders}: the number of orders in which a kernel's work items run, to
 *       find results that depend on the order: 1 is forward only (fast; barriers are not compared),
 *       2 adds backward, 3 (the default) adds a shuffle, higher numbers add more shuffles
 *   <li>{@code gpt.emulator.seed}: seed of the shuffles, 1 by default
 *   <li>{@code gpt.emulator.type}: the device's type, {@code gpu} (default) or {@code cpu}
 *   <li>{@code tornado.device.memory}: maximum total size of a plan's buffers, as in TornadoVM; 4GB
 *       by default
 * </ul>
 */
package uk.ac.manchester.tornado.api.emulator;
