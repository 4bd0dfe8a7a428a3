/**
 * Encodes text to token ids and decodes ids to bytes: {@link gpt.tokenizer.Tokenizer} and its three
 * implementations, GPT-2's byte-level BPE (by jtokkit), byte-level BPE with any other vocabulary,
 * and nanoGPT's characters. {@link gpt.tokenizer.Tokenizers} chooses the one that fits a model.
 * {@link gpt.tokenizer.TextStream} decodes ids one by one. Imports nothing of this project but
 * {@code GptException}.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.tokenizer;
