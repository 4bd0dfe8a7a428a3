/**
 * The commands that look inside a model or at its choices, one class for each, such as {@link
 * gpt.cli.commands.explore.LensCommand}: they compute with {@link gpt.explore}, print with {@link
 * gpt.cli.output.explore} and draw with {@link gpt.explore.plot}. {@link gpt.cli.GptCommand} lists
 * them.
 *
 * <p>It may use every package but {@code gpt.cli} itself and {@code gpt.cli.commands}.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.cli.commands.explore;
