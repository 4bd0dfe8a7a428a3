/**
 * Options that several commands share, as picocli mixins: {@link gpt.cli.options.ModelOptions},
 * {@link gpt.cli.options.DeviceOptions}, {@link gpt.cli.options.PromptOptions}, {@link
 * gpt.cli.options.SamplingOptions} and others. Each class checks its values. {@link
 * gpt.cli.options.OptionGroup} lays out the help; {@link gpt.cli.options.Choice} and {@link
 * gpt.cli.options.Numbers} convert words and numbers.
 *
 * <p>It may use {@code gpt.cli.output}, {@code gpt.cli.start} and every package outside {@code
 * gpt.cli}.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.cli.options;
