package gpt.generate.beam;

import gpt.GptException;

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
}
