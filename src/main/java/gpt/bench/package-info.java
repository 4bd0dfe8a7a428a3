/**
 * Times a model's prefill and decode for {@code gpt bench}, after llama.cpp's llama-bench.
 *
 * <p>Main types: {@link gpt.bench.Bench} runs a {@link gpt.bench.BenchTest} and returns a {@link
 * gpt.bench.BenchResult}. May use {@code gpt.checkpoint.format} (the names of the weights), {@code
 * gpt.engine}, {@code gpt.generate}, {@code gpt.model} and {@code gpt.sampling}.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.bench;
