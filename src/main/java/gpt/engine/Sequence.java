package gpt.engine;

import gpt.sampling.Drawing;

/**
 * The tokens of one sequence on a device: their keys and values, and how the next token is sampled.
 */
public interface Sequence extends AutoCloseable {

  /** Tokens in the context, from 0 to block_size. */
  int length();

  /**
   * Sets how the next tokens of this sequence are sampled and resets their history. Must be called
   * before the first {@link Want.Token}.
   *
   * @param drawing sampling parameters, the prompt that penalties count, and the stop ids
   * @param sample index of the completion in its request, an input of the random numbers
   */
  void drawing(Drawing drawing, int sample);

  /**
   * Opens a sequence with the same tokens, keys, values and history. The two are then independent.
   *
   * @throws gpt.GptException where the device has no memory for another one
   */
  Sequence fork();

  /**
   * Removes all but the first tokens. The history of drawn tokens stays: it belongs to the
   * completion, which may be longer than the context.
   *
   * @param length tokens to keep, at most {@link #length}
   */
  void truncate(int length);

  /** Frees the keys and values; closing again does nothing. */
  @Override
  void close();
}
