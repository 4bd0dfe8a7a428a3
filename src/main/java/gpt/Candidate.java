package gpt;

/**
 * A token that the model finds likely.
 *
 * @param id its index in the vocabulary
 * @param text its text, or where it is part of a character a label such as {@code \xE2}; its id
 *     where the model has no tokenizer
 * @param logprob ln of its probability by the model itself: of the raw logits' softmax at
 *     temperature 1, before the sampling chain
 */
public record Candidate(int id, String text, double logprob) {}
