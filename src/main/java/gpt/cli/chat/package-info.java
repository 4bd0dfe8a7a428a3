/**
 * {@code gpt chat}: {@link gpt.cli.chat.Chat} reads lines from a {@link gpt.cli.chat.LineSource},
 * which is a terminal or any other input, and prints how the model continues the {@link
 * gpt.cli.chat.Conversation}. Only {@link gpt.cli.chat.TerminalLines} uses JLine.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.cli.chat;
