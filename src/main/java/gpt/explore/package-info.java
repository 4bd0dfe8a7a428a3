/**
 * What a model does with a text: loss and perplexity, attention, each step of the choice of a
 * token, as numbers, pictures and pages.
 */
package gpt.explore;
