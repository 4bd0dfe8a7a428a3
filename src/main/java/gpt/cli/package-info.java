/** The command line: one class a command. Nothing imports this package. */
package gpt.cli;
