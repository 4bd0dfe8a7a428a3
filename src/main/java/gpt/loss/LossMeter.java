package gpt.loss;

import gpt.model.Backend;
import gpt.model.GptException;
import gpt.sampling.InvalidLogitsException;
import java.util.Arrays;

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
  public static Loss measure(Backend backend, int[] ids, int stride, Listener listener) {
    Windows windows = new Windows(ids.length, backend.config().blockSize(), stride);
    double[] losses = new double[ids.length];
    losses[0] = Double.NaN;
    try (Backend.Session session = backend.newSession()) {
      for (int i = 0; i < windows.count(); i++) {
        Windows.Window window = windows.at(i);
        session.truncate(0);
        double[] found = score(session, ids, window);
        System.arraycopy(found, 0, losses, window.first(), found.length);
        listener.scored(losses, window.first(), window.to() + 1);
      }
    }
    return new Loss(ids, losses, windows);
  }

  private static double[] score(Backend.Session session, int[] ids, Windows.Window window) {
    try {
      return session.losses(
          Arrays.copyOfRange(ids, window.from(), window.to()),
          Arrays.copyOfRange(ids, window.first(), window.to() + 1));
    } catch (InvalidLogitsException e) {
      throw new GptException(
          e.getMessage() + " (tokens " + window.from() + " to " + (window.to() - 1) + ")", e);
    }
  }
}
