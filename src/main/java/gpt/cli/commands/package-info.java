/**
 * The commands, a class each, with what only commands use: {@code gpt.cli.GptCommand} lists them.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.cli.commands;
