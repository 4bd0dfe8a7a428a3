/**
 * The commands of gpt, one class for each, such as {@link gpt.cli.commands.GenerateCommand}, and
 * their helpers; those that look inside a model are in {@link gpt.cli.commands.explore}. {@link
 * gpt.cli.GptCommand} lists them all.
 *
 * <p>It may use every package but {@code gpt.cli} itself.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.cli.commands;
