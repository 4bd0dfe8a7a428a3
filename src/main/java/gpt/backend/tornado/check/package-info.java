/**
 * Tests and times TornadoVM devices, for {@code gpt devices --test} and {@code gpt bench}.
 *
 * <p>May use {@code gpt.backend.tornado}, the kernels and TornadoVM's API.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.backend.tornado.check;
