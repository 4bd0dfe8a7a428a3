package gpt.hub;

import java.time.Duration;
import java.util.Optional;

/** A failure that may pass: worth another attempt. */
final class PassingException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient Duration asked;
  private final boolean progressed;

  /**
   * A failure.
   *
   * @param message for the user, should it not pass
   * @param asked what the server asks to wait; null where it does not say
   * @param progressed whether the attempt got further than the one before
   */
  PassingException(String message, Throwable cause, Duration asked, boolean progressed) {
    super(message, cause);
    this.asked = asked;
    this.progressed = progressed;
  }

  Optional<Duration> asked() {
    return Optional.ofNullable(asked);
  }

  boolean progressed() {
    return progressed;
  }
}
