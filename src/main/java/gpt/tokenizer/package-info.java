/**
 * Text to token ids and back: GPT-2's byte-level BPE and nanoGPT's characters.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.tokenizer;
