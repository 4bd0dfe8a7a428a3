/**
 * The public API: {@link gpt.Gpt} loads a GPT-2 or nanoGPT model and generates completions with it.
 * {@link gpt.LoadOptions} choose the device and the precision, {@link gpt.Options} the sampling; a
 * {@link gpt.Completion} is the result.
 *
 * <p>All other packages are internal and may change at any time. This one may import {@code
 * engine}, {@code explore}, {@code generate}, {@code load}, {@code model}, {@code sampling} and
 * {@code tokenizer}.
 */
package gpt;
