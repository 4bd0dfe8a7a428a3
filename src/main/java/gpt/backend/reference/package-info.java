/**
 * The forward pass in double precision, plain: what the other backends are compared with.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.backend.reference;
