/**
 * From a name to a model on a device: where it lies, which device takes it, whether it fits.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.load;
