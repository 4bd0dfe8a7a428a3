/**
 * A model on a TornadoVM device: {@link gpt.backend.tornado.TornadoEngine} steps sequences, {@code
 * TornadoForward} is the forward pass as task graphs, {@code DeviceBuffers} and {@code
 * DeviceWeights} are the arrays on the device, {@code SamplingGraphs} chooses the next tokens
 * there. {@link gpt.backend.tornado.TornadoDevices} lists the devices.
 *
 * <p>May use {@code gpt.engine}, {@code gpt.model}, {@code gpt.sampling}, the kernels and
 * TornadoVM's API. No class here but {@code TornadoVm} can be loaded without that API.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.backend.tornado;
