/**
 * What the commands print: texts, tables, JSON, CSV, progress bars; and the terminal.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.cli.output;
