/**
 * The loop that turns a prompt into text: prefill, sample, decode, until something ends it.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.generate;
