/**
 * Checkpoints on disk: nanoGPT's {@code ckpt.pt} and Hugging Face's GPT-2 folders are read, and the
 * latter written. Files are not trusted: whatever their bytes, only a {@link gpt.GptException} of
 * one line comes out.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.checkpoint;
