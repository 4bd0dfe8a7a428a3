package gpt;

/**
 * A token: of a text that is being generated, or of one that was tokenized.
 *
 * @param id its index in the vocabulary
 * @param text what can be printed with it: whole characters only, so it is empty where a character
 *     is not complete yet or a stop string may begin; the texts of all tokens together are the
 *     text. Empty where the model has no tokenizer.
 */
public record Token(int id, String text) {}
