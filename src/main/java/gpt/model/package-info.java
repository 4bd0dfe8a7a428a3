/**
 * What a GPT is: its shape, its weights, and what a device must do with them.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.model;
