/**
 * Models by name: Hugging Face's hub, and the cache that its own library keeps, in the same layout,
 * so that both find what the other loaded. What a server, an index or the cache says is foreign
 * input: names are checked before they become paths, sizes are limits, and a file gets its name
 * only when its sum is the hub's.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.hub;
