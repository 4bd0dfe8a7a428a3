/**
 * llama.cpp's GGUF, one file with shape, weights and tokenizer: {@link
 * gpt.checkpoint.gguf.GgufReader} reads it, {@link gpt.checkpoint.gguf.GgufWriter} writes it.
 * {@code GgufFile} is the header with its tensors, {@code GgufMetadata} its keys.
 *
 * <p>May import {@code checkpoint.format}, {@code checkpoint.vocabulary}, {@code checkpoint.files},
 * {@code model} and {@code tokenizer}.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.checkpoint.gguf;
