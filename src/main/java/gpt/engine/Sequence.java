package gpt.engine;

import gpt.sampling.Drawing;

/** A text's context on a device: its tokens' keys and values, and how its next token is drawn. */
public interface Sequence extends AutoCloseable {

  /** Tokens in the context, from 0 to block_size. */
  int length();

  /**
   * Says how the tokens of this sequence are drawn from now on, and begins their history anew. It
   * must come before the first {@link Want.Token}.
   *
   * @param drawing parameters, the prompt that penalties count, and what may end the text
   * @param sample index of the text: part of what its random numbers depend on
   */
  void drawing(Drawing drawing, int sample);

  /**
   * Another sequence with the same tokens, keys, values, and history; neither sees what the other
   * appends later.
   *
   * @throws gpt.GptException where as many are open as the device has memory for
   */
  Sequence fork();

  /**
   * Forgets all but the first tokens. The history of drawn tokens stays: it belongs to the text,
   * which may be longer than the context.
   *
   * @param length how many tokens are kept, at most {@link #length}
   */
  void truncate(int length);

  /** Frees the keys and values; closing again does nothing. */
  @Override
  void close();
}
