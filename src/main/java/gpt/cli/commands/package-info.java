/**
 * The commands of gpt, one class for each, such as {@link gpt.cli.commands.GenerateCommand}, and
 * their helpers. {@link gpt.cli.GptCommand} lists them.
 *
 * <p>It may use every package.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.cli.commands;
