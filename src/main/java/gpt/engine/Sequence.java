package gpt.engine;

import gpt.sampling.Drawing;

/**
 * A sequence on a device: the keys and values of its tokens, and the parameters with which its next
 * token is sampled.
 */
public interface Sequence extends AutoCloseable {

  /** Tokens in the context, from 0 to block_size. */
  int length();

  /**
   * Sets how the next tokens of this sequence are sampled, and resets the history, the tokens that
   * penalties count. Must be called before the first {@link Want.Token}.
   *
   * @param drawing sampling parameters, the prompt that penalties count, and the stop ids
   * @param sample index of the completion in its request, an input of the random numbers
   */
  void drawing(Drawing drawing, int sample);

  /**
   * Opens a sequence with the same tokens, keys, values, history and sampling parameters. The two
   * are then independent.
   *
   * @throws gpt.GptException where the device has no memory for another one
   */
  Sequence fork();

  /**
   * Removes all but the first tokens. The history of drawn tokens stays: it belongs to the
   * completion, which may be longer than the context window.
   *
   * @param length tokens to keep, at most {@link #length}
   */
  void truncate(int length);

  /** Frees the keys and values; closing again does nothing. */
  @Override
  void close();
}
