package gpt;

/**
 * A candidate for the next token.
 *
 * @param id its index in the vocabulary
 * @param text its text; a label such as {@code \xE2} for a part of a character; its id if the model
 *     has no tokenizer
 * @param logprob natural logarithm of its probability by the model: the softmax of the raw logits
 *     at temperature 1, before the sampling chain
 */
public record Candidate(int id, String text, double logprob) {}
