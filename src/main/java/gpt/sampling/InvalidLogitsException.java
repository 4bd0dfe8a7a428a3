package gpt.sampling;

/** Logits that no token can be drawn from. The message is one line. */
public class InvalidLogitsException extends IllegalStateException {
  /** Where the model itself leaves nothing. */
  public static final String EMPTY = "the model produced no finite logits, all are -infinity";

  /** Where the steps of the chain leave nothing. */
  public static final String BANNED =
      "all candidates are banned: the logit biases and the minimum of new tokens leave none";

  private static final long serialVersionUID = 1L;

  /** An error with its one line. */
  public InvalidLogitsException(String message) {
    super(message);
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
