/**
 * What a model does with a text: loss and perplexity, attention, each step of the choice of a
 * token, as numbers, pictures and pages.
 *
 * <p>Internal: the public API is the package {@code gpt}.
 */
package gpt.explore;
