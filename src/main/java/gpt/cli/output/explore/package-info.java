/**
 * What the commands that look inside a model print: the softmax, answers, beams, losses, attention,
 * the lens and activations, as tables, CSV and JSON.
 *
 * <p>It may use every package but {@code gpt.cli.commands}.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.cli.output.explore;
