/**
 * The forward pass in double precision, in plain code without a KV cache or threads. Tests compare
 * the other backends with it. Its only public type is {@link
 * gpt.backend.reference.ReferenceEngine}. May use {@code gpt.engine} and {@code gpt.model}.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.backend.reference;
