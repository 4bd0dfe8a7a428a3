/**
 * What happens before the command line is parsed: {@link gpt.cli.start.Arguments} decodes it, and
 * {@link gpt.cli.start.ChildJvm} runs it in a second JVM if this one has not loaded the Vector API.
 *
 * <p>May import {@code load} and {@code backend.cpu}.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.cli.start;
