/**
 * What the commands that look inside a model print: the softmax, answers, beams, losses, attention,
 * the lens and activations, as tables, CSV and JSON.
 *
 * <p>It may use {@code gpt.cli.output} and every package outside {@code gpt.cli}.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.cli.output.explore;
