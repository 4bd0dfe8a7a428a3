package gpt.explore;

import gpt.GptException;
import gpt.Loss;
import gpt.engine.Engine;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.sampling.InvalidLogitsException;
import gpt.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;

/** Computes the cross-entropy loss of a text, in windows of the context window's length. */
public final class LossMeter {
  private LossMeter() {}

  /** Receives the losses of each window. */
  @FunctionalInterface
  public interface Listener {
    /**
     * Called after each window, in the order of the text.
     *
     * @param losses of all tokens (n), in nats; valid up to {@code end}
     * @param first index of the first token scored in this window
     * @param end index after the last one
     */
    void scored(double[] losses, int first, int end);
  }

  /**
   * Computes −ln of each token's probability given the tokens before it in its window. The first
   * token has none.
   *
   * @param ids the text (n), at least 2 ids of the model's vocabulary
   * @param stride tokens from one window to the next, 1 to block_size
   * @throws GptException if the model's logits are NaN or infinite
   */
  public static Loss measure(Engine engine, int[] ids, int stride, Listener listener) {
    return measure(engine, ids, stride, listener, null);
  }

  /**
   * As {@link #measure(Engine, int[], int, Listener)}, with the rank of each token and the
   * likeliest other one. The logits are copied to the host for it, from a device too.
   *
   * @param scores receives the scores of all tokens but the first (n), before the listener is
   *     called; null for none
   */
  public static Loss measure(
      Engine engine, int[] ids, int stride, Listener listener, TokenScore[] scores) {
    Windows windows = new Windows(ids.length, engine.config().blockSize(), stride);
    double[] losses = new double[ids.length];
    losses[0] = Double.NaN;
    try (Sequence sequence = engine.open()) {
      for (int i = 0; i < windows.count(); i++) {
        Windows.Window window = windows.at(i);
        sequence.truncate(0);
        double[] found = score(engine, sequence, ids, window, scores);
        System.arraycopy(found, 0, losses, window.first(), found.length);
        listener.scored(losses, window.first(), window.to() + 1);
      }
    }
    return new Loss(ids, losses, OptionalLong.empty());
  }

  /** Adds the number of UTF-8 bytes of the scored tokens, for the loss in bits per byte. */
  public static Loss withBytes(Loss loss, Tokenizer tokenizer) {
    long bytes =
        Arrays.stream(loss.ids()).skip(1).mapToLong(id -> tokenizer.decode(id).length).sum();
    return new Loss(loss.ids(), loss.losses(), OptionalLong.of(bytes));
  }

  private static double[] score(
      Engine engine, Sequence sequence, int[] ids, Windows.Window window, TokenScore[] scores) {
    int[] tokens = Arrays.copyOfRange(ids, window.from(), window.to());
    int[] targets = Arrays.copyOfRange(ids, window.first(), window.to() + 1);
    double[] losses = new double[targets.length];
    Want want = new Want.Losses(targets, losses);
    if (scores != null) {
      int before = tokens.length - targets.length; // rows that an earlier window has scored
      int v = engine.config().vocabSize();
      want =
          new Want.Logits(
              targets.length,
              (pos, logits) -> {
                int i = pos - before;
                TokenScore score = TokenScore.of(logits, v, targets[i]);
                scores[window.first() + i] = score;
                losses[i] = score.loss();
              });
    }
    try {
      engine.step(List.of(new Work(sequence, tokens, want)));
      return losses;
    } catch (InvalidLogitsException e) {
      throw new GptException(
          e.getMessage() + " (tokens " + window.from() + " to " + (window.to() - 1) + ")", e);
    }
  }
}
