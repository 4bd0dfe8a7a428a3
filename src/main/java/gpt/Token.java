package gpt;

/**
 * A new token of a completion.
 *
 * @param id its index in the vocabulary
 * @param text the text that is final with this token. It has whole characters only, so it is empty
 *     while a character is incomplete or a stop string may have begun. Concatenated, these texts
 *     are {@link Completion#text}. Empty if the model has no tokenizer.
 */
public record Token(int id, String text) {}
