package gpt.engine;

import gpt.model.GptConfig;
import java.util.List;

/**
 * A model on a device. A step appends tokens to many sequences in one pass over the weights. Not
 * thread-safe: only one thread at a time may call an engine and its sequences.
 *
 * <p><b>Batch invariance</b>: on one device, with one version of the kernels, a sequence's results
 * have the same bits whatever other work is in the step, however its prompt is divided into steps,
 * and however many threads compute. An engine with different kernels for prompt tokens and
 * generated tokens returns false from {@link #reusesDrawnTokens}.
 */
public interface Engine extends AutoCloseable {

  /** The model's shape. */
  GptConfig config();

  /** The device's name in output, such as {@code cpu}. */
  String device();

  /** The precision of the weights, such as {@code f32}. */
  String dtype();

  /** Sequences that can be open at once; {@code Integer.MAX_VALUE} where the limit is unknown. */
  default int capacity() {
    return Integer.MAX_VALUE;
  }

  /** Sequences to decode together; larger batches gain little throughput. */
  default int batchSize() {
    return Math.min(capacity(), 32);
  }

  /** Bytes that one more sequence allocates; 0 where the memory for all is allocated up front. */
  default long sequenceBytes() {
    return 0;
  }

  /**
   * Whether the keys and values of generated tokens are bit-identical to those of the same tokens
   * in a prompt, so that another request's prompt may reuse them.
   */
  default boolean reusesDrawnTokens() {
    return true;
  }

  /** Whether a step may have a {@link Want.Verification}. */
  default boolean verifiesDrafts() {
    return false;
  }

  /** False while steps are slow because the JIT has not compiled what they run. */
  default boolean isWarm() {
    return true;
  }

  /**
   * Announces work, so that the engine can choose what is fastest for so much.
   *
   * @param tokens number of tokens that may be decoded soon
   */
  default void expect(long tokens) {}

  /**
   * Opens an empty sequence.
   *
   * @throws gpt.GptException where the device has no memory for another one
   */
  Sequence open();

  /**
   * Appends tokens to sequences, reading each weight once for all of them, and delivers to each
   * {@link Want} what it asks for. If it throws, no sequence has changed.
   *
   * @param work at least one element, each with a different sequence of this engine
   * @throws gpt.GptException where tokens do not fit into the context window or are not in the
   *     vocabulary, or where candidates or losses are wanted and a logit is NaN or +∞, or all are
   *     −∞. A {@link Want.Token} reports invalid logits by {@link Want.Token#failure}, and the step
   *     succeeds
   */
  void step(List<Work> work);

  /**
   * Applies the model's head, the final layer norm and lm_head, to vectors of the residual stream:
   * the logits that the model would have if its blocks ended there. The output of the last block
   * gives the bits of {@link Want.Logits}.
   *
   * @param x (R, C)
   * @param reader receives each row's logits; its position is the index of the row
   * @throws UnsupportedOperationException where the device's kernels cannot
   */
  default void logits(float[][] x, Want.LogitsReader reader) {
    throw new UnsupportedOperationException("this engine gives no logits of activations");
  }

  /** Frees the weights. Later calls throw {@link IllegalStateException}. */
  @Override
  void close();
}
