package gpt;

/**
 * Something the user can mend: a file that is not what it should be, an impossible setting. The
 * message is one line that says what is wrong, where, and what to do; the command line prints it
 * without a stack trace.
 */
public class GptException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * An error with its one line.
   *
   * @param message the line
   */
  public GptException(String message) {
    super(message);
  }

  /**
   * An error with its one line and what led to it, shown with {@code --debug}.
   *
   * @param message the line
   * @param cause what led to it
   */
  public GptException(String message, Throwable cause) {
    super(message, cause);
  }
}
