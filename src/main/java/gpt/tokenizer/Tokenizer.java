package gpt.tokenizer;

import java.util.OptionalInt;

/** Encodes text to token ids and decodes ids to bytes. Implementations are thread-safe. */
public interface Tokenizer {

  /** {@code gpt2}, {@code byte pairs} or {@code characters}. */
  String name();

  /** The number of ids: 0 to vocabSize() − 1. A model's padded vocab_size may be larger. */
  int vocabSize();

  /**
   * The ids of a text.
   *
   * @throws UnencodableTextException if the vocabulary lacks a character or byte of the text
   */
  int[] encode(String text);

  /**
   * The UTF-8 bytes of one id, which may be only part of a character. An id outside the vocabulary
   * gives the bytes of U+FFFD.
   */
  byte[] decode(int id);

  /** The id of the end-of-text (EOS) token, if the vocabulary has one. */
  OptionalInt endOfText();
}
