package gpt.sampling;

import gpt.GptException;

/** No token can be drawn from the logits. The message is one line. */
public class InvalidLogitsException extends GptException {
  /** Message: the logits of the model are all −∞. */
  public static final String NO_FINITE = "the model produced no finite logits, all are -infinity";

  /** Message: biases and bans have masked every token. */
  public static final String ALL_BANNED =
      "all candidates are banned: the logit biases and the minimum of new tokens leave none";

  private static final long serialVersionUID = 1L;

  /** Logits below this count as masked, as −∞. */
  static final float MIN_LOGIT = -1e38f;

  /** An error with a message of one line. */
  public InvalidLogitsException(String message) {
    super(message);
  }

  /**
   * Checks that a token can be drawn.
   *
   * @param logits at least V floats, the first V are read
   * @throws InvalidLogitsException if a logit is NaN or +∞, or all are −∞
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
   * The message for a damaged model.
   *
   * @param what {@code NaN} or {@code infinite}
   */
  public static String damaged(String what) {
    return "the model produced "
        + what
        + " logits; its weights are damaged or too large for its arithmetic";
  }
}
