package gpt;

/** Why a text ended. Where several hold at once, the first of this list is given. */
public enum StopReason {
  /** The caller wanted no more. */
  CANCELLED("cancelled"),
  /** The end id was drawn. */
  END_OF_TEXT("end_of_text"),
  /** A stop string was completed. */
  STOP_STRING("stop"),
  /** As many tokens as asked for. */
  MAX_NEW_TOKENS("length"),
  /** The context is full, and {@link OnFull#STOP} was asked for. */
  CONTEXT_FULL("context_full");

  private final String key;

  StopReason(String key) {
    this.key = key;
  }

  /** The word for it in machine-readable output. */
  public String key() {
    return key;
  }
}
