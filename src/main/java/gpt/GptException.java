package gpt;

/**
 * An error that the user can fix, such as a damaged file or an invalid option. The message is one
 * line that says what is wrong, where, and what to do. The command line prints it without a stack
 * trace.
 */
public class GptException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an error.
   *
   * @param message one line
   */
  public GptException(String message) {
    super(message);
  }

  /**
   * Creates an error with a cause, which the command line prints with {@code --debug}.
   *
   * @param message one line
   * @param cause the exception that led to it
   */
  public GptException(String message, Throwable cause) {
    super(message, cause);
  }
}
