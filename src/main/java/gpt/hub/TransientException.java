package gpt.hub;

import java.time.Duration;
import java.util.Optional;

/** A transient failure: another attempt may succeed. */
final class TransientException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient Duration retryAfter;
  private final boolean progressed;

  /**
   * Creates a transient failure.
   *
   * @param message for the user, if all attempts fail
   * @param retryAfter the pause that the server asks for; null if it does not
   * @param progressed whether the attempt received further bytes
   */
  TransientException(String message, Throwable cause, Duration retryAfter, boolean progressed) {
    super(message, cause);
    this.retryAfter = retryAfter;
    this.progressed = progressed;
  }

  Optional<Duration> retryAfter() {
    return Optional.ofNullable(retryAfter);
  }

  boolean progressed() {
    return progressed;
  }
}
