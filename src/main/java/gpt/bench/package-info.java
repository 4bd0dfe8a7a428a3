/** How fast a model runs: what {@code gpt bench} measures, after llama.cpp's llama-bench. */
package gpt.bench;
