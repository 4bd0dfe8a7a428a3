/**
 * Hugging Face's folders of a GPT-2: {@link gpt.checkpoint.huggingface.HuggingFaceReader} reads
 * {@code config.json} ({@link gpt.checkpoint.huggingface.HuggingFaceConfig}) and safetensors files
 * ({@code SafetensorsReader}); {@link gpt.checkpoint.huggingface.HuggingFaceWriter} writes them,
 * also with random weights, and {@link gpt.checkpoint.huggingface.SafetensorsWriter} any tensors.
 *
 * <p>May import {@code checkpoint.format}, {@code checkpoint.vocabulary}, {@code checkpoint.files},
 * {@code model}, {@code sampling} (random weights), {@code tokenizer} and Gson.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.checkpoint.huggingface;
