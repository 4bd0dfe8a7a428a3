/**
 * The forward pass on the CPU, in single precision, on the Vector API where it is. {@link
 * gpt.backend.reference} has the one to be right against.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.backend.cpu;
