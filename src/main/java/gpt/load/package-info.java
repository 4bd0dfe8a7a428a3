/**
 * From a name to a model on a device: where it lies, which device takes it, whether it fits.
 * Internal: the public API is in {@link gpt}.
 */
package gpt.load;
