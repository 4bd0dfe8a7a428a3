/**
 * How fast a model runs: what {@code gpt bench} measures, after llama.cpp's llama-bench.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.bench;
