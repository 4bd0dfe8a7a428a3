/**
 * Reads and writes models on disk. {@link gpt.checkpoint.Checkpoint} opens nanoGPT's {@code
 * ckpt.pt}, Hugging Face's GPT-2 folders (safetensors) and GGUF files, with their vocabularies;
 * {@link gpt.checkpoint.CheckpointWriter} writes the latter two, also with random weights, and
 * {@link gpt.checkpoint.ArrayFile} single matrices. Files are untrusted: for any bytes, a reader
 * returns a checkpoint or throws a {@link gpt.GptException} with a message of one line, and
 * allocates memory in proportion to the file's size.
 *
 * <p>Each format has a package of its own: {@link gpt.checkpoint.gguf}, {@link
 * gpt.checkpoint.huggingface}, {@link gpt.checkpoint.torch}. Below them, none importing another,
 * are {@link gpt.checkpoint.format}, what the formats have in common, and {@link
 * gpt.checkpoint.vocabulary}; below these {@link gpt.checkpoint.files}.
 *
 * <p>May import the packages below it, {@code model} and {@code tokenizer}.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.checkpoint;
