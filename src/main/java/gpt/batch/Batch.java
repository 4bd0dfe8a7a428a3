package gpt.batch;

import gpt.GptException;
import gpt.server.api.ServedModel;
import java.io.IOException;

/** Answers all lines of a batch that have no answer yet. */
public final class Batch {
  /** Requests for each completion that is decoded: one runs, and one waits to follow it. */
  private static final int REQUESTS_PER_COMPLETION = 2;

  private Batch() {}

  /**
   * How far a batch is.
   *
   * @param answers answers in all, those of earlier runs included
   * @param errors those that are errors
   * @param tokens new tokens of this run
   */
  public record Totals(int answers, int errors, long tokens) {}

  /** Receives how far a batch is, after each answer. */
  @FunctionalInterface
  public interface Progress {
    /**
     * Called after each answer.
     *
     * @param fraction how much of the input has been answered; NaN if its size is not known
     */
    void at(double fraction, Totals totals);
  }

  /**
   * Runs a batch to its end.
   *
   * @param parallel completions that are decoded together
   * @param seed the seed from which those of requests without one are made
   * @param ordered whether answers have their lines' order
   * @throws GptException if the engine fails, or the answers are those to another batch
   */
  public static Totals run(
      ServedModel model,
      int parallel,
      long seed,
      boolean ordered,
      BatchInput input,
      Answers answers,
      Progress progress)
      throws IOException {
    BatchReader reader = new BatchReader(model, seed, input, answers);
    Totals totals = new Totals(answers.count(), answers.errors(), 0);
    int limit = Math.multiplyExact(REQUESTS_PER_COMPLETION, parallel);
    try (Window<Answer> window =
        new Window<>(reader, limit, ordered, answer -> answer.json().length)) {
      reader.start(window::wake);
      for (Answer answer = window.next(); answer != null; answer = window.next()) {
        answers.write(answer.json());
        totals =
            new Totals(
                totals.answers + 1,
                totals.errors + (answer.error() ? 1 : 0),
                totals.tokens + answer.tokens());
        progress.at(answer.fraction(), totals);
      }
      return totals;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new GptException("the thread was interrupted");
    }
  }
}
