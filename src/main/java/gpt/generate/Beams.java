package gpt.generate;

import gpt.GptException;
import gpt.OnFull;
import gpt.sampling.SamplingParameters;

/**
 * How beam search is made.
 *
 * @param beams texts that are extended at once, B
 * @param lengthPenalty a text's score is the sum of its tokens' log-probabilities divided by their
 *     number to this power: 0 is the sum, more favours longer texts
 */
public record Beams(int beams, double lengthPenalty) {

  /** Beams that may be asked for: each needs keys and values of its own. */
  public static final int MAX_BEAMS = 64;

  /** Checks the ranges. */
  public Beams {
    if (beams < 1) {
      throw new GptException("the number of beams must be 1 or more, found " + beams);
    }
    if (!(Math.abs(lengthPenalty) <= 100)) { // NaN neither
      throw new GptException("the length penalty must be from -100 to 100, found " + lengthPenalty);
    }
  }

  /**
   * Refuses what a search cannot do.
   *
   * @param capacity sequences that the engine can hold at once
   */
  void check(Request request, int capacity) {
    if (beams > capacity) {
      throw new GptException(
          "the device has memory for "
              + capacity
              + " contexts at once, and each of the "
              + beams
              + " beams needs one; take fewer");
    }
    SamplingParameters sampling = request.sampling();
    if (request.samples() > beams || request.firstSample() != 0) {
      throw new GptException(
          beams + " beams give no more than " + beams + " texts, found " + request.samples());
    }
    if (sampling.needsHistory() || sampling.temperature() != 0) {
      throw new GptException("beam search draws nothing, and knows no penalties for tokens");
    }
    if (request.onFull() != OnFull.STOP) {
      throw new GptException("beam search cannot slide the context");
    }
  }
}
