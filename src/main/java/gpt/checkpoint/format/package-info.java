/**
 * What the readers and writers of all formats have in common: {@link
 * gpt.checkpoint.format.WeightsReader} asks a reader's {@link gpt.checkpoint.format.TensorSource}
 * for each tensor of a GPT by its key, {@link gpt.checkpoint.format.StoredModel} is what a reader
 * returns, {@link gpt.checkpoint.format.TensorChecks} and {@link
 * gpt.checkpoint.format.UnusedTensors} make its errors and notes; {@link
 * gpt.checkpoint.format.TensorWriter} writes tensors, converted to another type if need be.
 *
 * <p>May import {@code checkpoint.files}, {@code model} and {@code tokenizer}.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.checkpoint.format;
