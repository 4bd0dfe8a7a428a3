package gpt.tokenizer;

import java.util.OptionalInt;

/** Text to ids and back. Implementations keep no state between calls. */
public interface Tokenizer {

  /** {@code gpt2}, {@code byte pairs} or {@code characters}. */
  String name();

  /** Ids 0 to vocabSize() − 1 have a text. A padded model has more rows than that. */
  int vocabSize();

  /**
   * The ids of a text.
   *
   * @throws UnencodableTextException where the vocabulary lacks a character of it
   */
  int[] encode(String text);

  /**
   * The UTF-8 bytes of one id, which may be part of a character only; of an id beyond the
   * vocabulary, those of U+FFFD.
   */
  byte[] decode(int id);

  /** The id that ends a text, if the vocabulary has one. */
  OptionalInt endOfText();
}
