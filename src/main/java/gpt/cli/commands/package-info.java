/**
 * The commands, a class each, with what only commands use: {@code gpt.cli.GptCommand} lists them.
 */
package gpt.cli.commands;
