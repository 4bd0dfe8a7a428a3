package gpt.tokenizer;

import gpt.GptException;
import java.util.List;
import java.util.stream.IntStream;

/** How a conversation becomes the prompt of a model that was trained on conversations. */
public enum ChatTemplate {
  /** Microsoft's DialoGPT (Zhang et al. 2020): each turn is followed by {@code <|endoftext|>}. */
  DIALOGPT;

  /**
   * The ids of one turn, with what ends it.
   *
   * @throws GptException if the tokenizer has no end-of-text token
   */
  public int[] turn(String text, Tokenizer tokenizer) {
    return ended(tokenizer.encode(text), tokenizer);
  }

  /** As {@link #turn}, for ids that a model generated: they may have what ends a turn already. */
  public int[] ended(int[] ids, Tokenizer tokenizer) {
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

  /**
   * The prompt whose continuation is the next turn.
   *
   * @param turns the texts of all turns so far, the oldest first
   * @throws GptException if the tokenizer has no end-of-text token
   */
  public int[] prompt(List<String> turns, Tokenizer tokenizer) {
    return turns.stream().map(text -> turn(text, tokenizer)).flatMapToInt(IntStream::of).toArray();
  }
}
