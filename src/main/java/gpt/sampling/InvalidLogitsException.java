package gpt.sampling;

import gpt.GptException;

/** Logits that no token can be drawn from. The message is one line. */
public class InvalidLogitsException extends GptException {
  /** Where the model itself leaves nothing. */
  public static final String NO_FINITE = "the model produced no finite logits, all are -infinity";

  /** Where the steps of the chain leave nothing. */
  public static final String ALL_BANNED =
      "all candidates are banned: the logit biases and the minimum of new tokens leave none";

  private static final long serialVersionUID = 1L;

  /** What is less, −∞ above all, counts as −∞. */
  static final float MIN_LOGIT = -1e38f;

  /** An error with its one line. */
  public InvalidLogitsException(String message) {
    super(message);
  }

  /**
   * Refuses logits that no token can be drawn from.
   *
   * @param logits at least V floats, the first V count
   * @throws InvalidLogitsException where a logit is NaN or +∞, or all are −∞
   */
  public static void check(float[] logits, int vocabSize) {
    float max = Float.NEGATIVE_INFINITY;
    for (int id = 0; id < vocabSize; id++) {
      max = Math.max(max, logits[id]); // NaN if either is
    }
    if (max < MIN_LOGIT) {
      throw new InvalidLogitsException(NO_FINITE);
    }
    if (!Float.isFinite(max)) {
      throw new InvalidLogitsException(damaged(Float.isNaN(max) ? "NaN" : "infinite"));
    }
  }

  /**
   * The line for a damaged model.
   *
   * @param what NaN or infinite
   */
  public static String damaged(String what) {
    return "the model produced "
        + what
        + " logits; its weights are damaged or too large for its arithmetic";
  }
}
