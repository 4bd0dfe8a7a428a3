package gpt.generate;

import gpt.GptException;
import gpt.OnFull;
import gpt.sampling.SamplingParameters;

/**
 * Parameters of beam search.
 *
 * @param beams B, the number of beams
 * @param lengthPenalty P: a completion of n tokens scores the sum of their log-probabilities
 *     divided by n^P; 0 is the sum, higher values favour longer completions
 */
public record Beams(int beams, double lengthPenalty) {

  /** Maximum of {@code --beams}: each beam needs its own KV cache. */
  public static final int MAX_BEAMS = 64;

  /** Checks the ranges. */
  public Beams {
    if (beams < 1) {
      throw new GptException("the number of beams must be 1 or more, found " + beams);
    }
    if (!(Math.abs(lengthPenalty) <= 100)) { // also rejects NaN
      throw new GptException("the length penalty must be from -100 to 100, found " + lengthPenalty);
    }
  }

  /**
   * Rejects requests that beam search does not support.
   *
   * @param capacity maximum number of open sequences of the engine
   */
  void check(Request request, int capacity) {
    if (beams > capacity) {
      throw new GptException(
          "the device has memory for "
              + capacity
              + " sequences at once, but "
              + beams
              + " beams need one each; use at most "
              + capacity
              + " beams");
    }
    SamplingParameters sampling = request.sampling();
    if (request.samples() > beams || request.firstSample() != 0) {
      throw new GptException(
          beams + " beams give at most " + beams + " completions, found " + request.samples());
    }
    if (sampling.needsHistory() || sampling.temperature() != 0) {
      throw new GptException(
          "beam search does not sample: expected temperature 0 and no repetition, presence or"
              + " frequency penalty");
    }
    if (request.onFull() != OnFull.STOP) {
      throw new GptException("beam search cannot slide the context");
    }
  }
}
