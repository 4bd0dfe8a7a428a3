package gpt;

/** Why a completion ended. If several reasons apply, the first one in this order is reported. */
public enum StopReason {
  /** The caller cancelled it. */
  CANCELLED("cancelled"),
  /** An end-of-text token was drawn. */
  END_OF_TEXT("end_of_text"),
  /** A stop string occurred. */
  STOP_STRING("stop"),
  /** It has the maximum number of new tokens. */
  MAX_NEW_TOKENS("length"),
  /** The context window is full and the request has {@link OnFull#STOP}. */
  CONTEXT_FULL("context_full");

  private final String key;

  StopReason(String key) {
    this.key = key;
  }

  /** The name in JSON output. */
  public String key() {
    return key;
  }
}
