/**
 * The command line. {@code Launcher} checks the Java version, {@link gpt.cli.Main} decodes the
 * arguments, and {@link gpt.cli.GptCommand} parses them with picocli and runs one of {@code
 * gpt.cli.commands}. {@link gpt.cli.Errors} prints failures.
 *
 * <p>It may use every other package; no package outside {@code gpt.cli} imports it.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.cli;
