/**
 * Generates completions: {@link gpt.generate.Generator} takes a {@link gpt.generate.Request}, and
 * either samples its completions or finds them by beam search ({@link gpt.generate.beam}). A {@link
 * gpt.generate.Scheduler} decodes the completions of all requests together (continuous batching,
 * chunked prefill, prefix reuse), with drafts of {@link gpt.generate.draft}; {@link
 * gpt.generate.SharedEngine} makes one engine usable from many threads.
 *
 * <p>Internal: the public API is the package {@code gpt}. May import {@code engine}, {@code model},
 * {@code sampling} and {@code tokenizer}.
 */
package gpt.generate;
