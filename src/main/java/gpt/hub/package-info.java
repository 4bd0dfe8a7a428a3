/**
 * Finds GPT-2 models by name in Hugging Face's cache and downloads them from its hub, with the same
 * cache layout as Python's {@code huggingface_hub}, so that each finds what the other downloaded.
 * What a server, an index file or the cache contains is untrusted: names are validated before they
 * become paths, sizes are limited, and a file gets its final name only after its checksum matches.
 *
 * <p>Main types: {@link gpt.hub.HubName} (a model's name), {@link gpt.hub.HubCache} (what is on
 * disk), {@link gpt.hub.Downloader} (from the hub into the cache), {@link gpt.hub.HubSettings} (the
 * environment variables). May use {@code model}.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.hub;
