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

/** Runs a model over a text and measures how well it foretells it. */
public final class LossMeter {
  private LossMeter() {}

  /** Follows the measuring, window by window. */
  @FunctionalInterface
  public interface Listener {
    /**
     * Tokens have been scored, in the order of the text.
     *
     * @param losses of all tokens (n), in nats; those before {@code first} came before
     * @param first the first one that is new
     * @param end the one after the last
     */
    void scored(double[] losses, int first, int end);
  }

  /**
   * The losses of all tokens but the first.
   *
   * @param ids the text (n), n at least 2, ids of the model's
   * @param stride from one window to the next, 1 to block_size
   * @throws GptException where the model gives no numbers
   */
  public static Loss measure(Engine engine, int[] ids, int stride, Listener listener) {
    Windows windows = new Windows(ids.length, engine.config().blockSize(), stride);
    double[] losses = new double[ids.length];
    losses[0] = Double.NaN;
    try (Sequence sequence = engine.open()) {
      for (int i = 0; i < windows.count(); i++) {
        Windows.Window window = windows.at(i);
        sequence.truncate(0);
        double[] found = score(engine, sequence, ids, window);
        System.arraycopy(found, 0, losses, window.first(), found.length);
        listener.scored(losses, window.first(), window.to() + 1);
      }
    }
    return new Loss(ids, losses, OptionalLong.empty());
  }

  /** The same loss with the number of bytes that its scored tokens are. */
  public static Loss withBytes(Loss loss, Tokenizer tokenizer) {
    long bytes =
        Arrays.stream(loss.ids()).skip(1).mapToLong(id -> tokenizer.decode(id).length).sum();
    return new Loss(loss.ids(), loss.losses(), OptionalLong.of(bytes));
  }

  private static double[] score(
      Engine engine, Sequence sequence, int[] ids, Windows.Window window) {
    int[] tokens = Arrays.copyOfRange(ids, window.from(), window.to());
    int[] targets = Arrays.copyOfRange(ids, window.first(), window.to() + 1);
    double[] losses = new double[targets.length];
    try {
      engine.step(List.of(new Work(sequence, tokens, new Want.Losses(targets, losses))));
      return losses;
    } catch (InvalidLogitsException e) {
      throw new GptException(
          e.getMessage() + " (tokens " + window.from() + " to " + (window.to() - 1) + ")", e);
    }
  }
}
