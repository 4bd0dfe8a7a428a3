package gpt.sampling;

/** Logits that no token can be drawn from. The message is one line. */
public class InvalidLogitsException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  /** An error with its one line. */
  public InvalidLogitsException(String message) {
    super(message);
  }
}
