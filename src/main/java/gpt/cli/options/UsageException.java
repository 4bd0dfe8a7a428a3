package gpt.cli.options;

/** A wrong command line. The message is one line; the exit status is 2. */
public final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** An error with a message that says what is wrong and what to do. */
  public UsageException(String message) {
    super(message);
  }
}
