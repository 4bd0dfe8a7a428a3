/**
 * Everything that the commands print: {@link gpt.cli.output.CompletionPrinter} and its three
 * implementations, tables ({@link gpt.cli.output.StepTable}), JSON, CSV, {@link
 * gpt.cli.output.ProgressBar}; and what the terminal is ({@link gpt.cli.output.Terminal}). {@link
 * gpt.cli.output.StandardOutput} is the only way to standard output. What looks inside a model is
 * printed by {@link gpt.cli.output.explore}.
 *
 * <p>It may use every package outside {@code gpt.cli}.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.cli.output;
