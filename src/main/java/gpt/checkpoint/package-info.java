/**
 * Reads and writes models on disk. {@link gpt.checkpoint.Checkpoint} opens nanoGPT's {@code
 * ckpt.pt}, Hugging Face's GPT-2 folders (safetensors) and GGUF files, with their vocabularies;
 * {@link gpt.checkpoint.CheckpointWriter} writes the latter two. Files are untrusted: for any
 * bytes, a reader returns a checkpoint or throws a {@link gpt.GptException} with a message of one
 * line, and allocates memory in proportion to the file's size.
 *
 * <p>May import {@code model}, {@code sampling} (random weights) and {@code tokenizer}.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.checkpoint;
