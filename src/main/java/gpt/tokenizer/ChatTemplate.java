package gpt.tokenizer;

import gpt.GptException;
import java.util.stream.IntStream;

/** How a conversation becomes the prompt of a model that was trained on conversations. */
public enum ChatTemplate {
  /** Microsoft's DialoGPT (Zhang et al. 2020): each turn is followed by {@code <|endoftext|>}. */
  DIALOGPT;

  /** The ids of one turn: those of its text, and what ends it. */
  public int[] turn(String text, Tokenizer tokenizer) {
    return turn(tokenizer.encode(text), tokenizer);
  }

  /**
   * As {@link #turn(String, Tokenizer)}, for the ids of the text. If a model generated them, they
   * may have what ends a turn already.
   *
   * @throws GptException if the tokenizer has no end-of-text token
   */
  public int[] turn(int[] ids, Tokenizer tokenizer) {
    int end =
        tokenizer
            .endOfText()
            .orElseThrow(
                () ->
                    new GptException(
                        "the chat template dialogpt ends each turn with <|endoftext|>, which this"
                            + " model's tokenizer does not have"));
    return ids.length > 0 && ids[ids.length - 1] == end
        ? ids.clone()
        : IntStream.concat(IntStream.of(ids), IntStream.of(end)).toArray();
  }
}
