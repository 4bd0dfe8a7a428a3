/**
 * One way to decode: a model on a device that steps many sequences together. Whatever generates,
 * scores, searches or shows is a client of {@link gpt.engine.Engine}.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.engine;
