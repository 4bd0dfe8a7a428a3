/**
 * Finds a model by name or path, chooses a device, checks that the model fits in memory, and loads
 * it there.
 *
 * <p>Main types: {@link gpt.load.ModelLocator}, {@link gpt.load.HubModels}, {@link
 * gpt.load.DeviceChoice}, {@link gpt.load.LoadedModel}. May use the backends, {@code checkpoint},
 * {@code engine}, {@code hub}, {@code model}, {@code sampling}, {@code tokenizer}.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.load;
