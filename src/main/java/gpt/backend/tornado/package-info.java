/**
 * A model on a TornadoVM device: {@link gpt.backend.tornado.TornadoEngine} implements the engine.
 * {@code TornadoForward} is the forward pass as TornadoVM task graphs, each a list of kernels to
 * launch. {@code DevicePlan} compiles and runs the graphs, {@code DeviceBuffers} and {@code
 * DeviceWeights} hold the arrays on the device, and {@code SamplingGraphs} draws the next tokens
 * there. {@link gpt.backend.tornado.TornadoDevices} lists the devices.
 *
 * <p>May use {@code gpt.engine}, {@code gpt.model}, {@code gpt.sampling}, the kernels and
 * TornadoVM's API. No class here but {@code TornadoVm} can be loaded without that API.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.backend.tornado;
