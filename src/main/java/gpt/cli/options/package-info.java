/**
 * Options that several commands share, and how their values are read.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.cli.options;
