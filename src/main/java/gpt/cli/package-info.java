/**
 * The command line: starts the JVM as it should be, reads the arguments, and hands over to one of
 * {@code gpt.cli.commands}. Nothing outside of it imports it.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.cli;
