package gpt.engine;

import gpt.model.GptConfig;
import java.util.List;

/**
 * A model on a device, which extends many sequences in one pass over its weights. Not thread-safe:
 * one thread at a time calls an engine and its sequences.
 *
 * <p><b>Batch invariance</b>: on one device, with one version of the kernels, a sequence's results
 * have the same bits whatever other work is in the step, however its tokens are divided among
 * steps, and however many threads compute. Where a device has other kernels for long prompts than
 * for single tokens, it says so.
 */
public interface Engine extends AutoCloseable {

  /** The model's shape. */
  GptConfig config();

  /** The device in a word or two, as it stands in output: {@code cpu}. */
  String device();

  /** How the weights are kept: {@code f32}. */
  String dtype();

  /** Sequences that can be open at once, as far as that is known beforehand. */
  default int capacity() {
    return Integer.MAX_VALUE;
  }

  /** Texts of one request that are decoded together: more share a pass's weights no better. */
  default int batchSize() {
    return Math.min(capacity(), 32);
  }

  /** Bytes that one more sequence takes; 0 where the memory for all is taken beforehand. */
  default long sequenceBytes() {
    return 0;
  }

  /**
   * Whether a token's keys and values have the same bits whether the token was drawn or came with a
   * prompt, so that another prompt may reuse them.
   */
  default boolean reusesDrawnTokens() {
    return true;
  }

  /**
   * An empty sequence.
   *
   * @throws gpt.GptException where as many are open as the device has memory for
   */
  Sequence open();

  /**
   * Appends tokens to sequences, each weight being read once for all of them, and leaves for each
   * what it wants. Where it throws, no sequence has become longer.
   *
   * @param work at least one piece, each of another sequence of this engine's
   * @throws gpt.GptException where tokens do not fit into a context or are not in the vocabulary,
   *     or the model gives logits that are no numbers where candidates or losses are wanted; where
   *     a token is, {@link Want.Token#failure} says so, and the step is made
   */
  void step(List<Work> work);

  /** Frees the weights. Whatever is called afterwards fails. */
  @Override
  void close();
}
