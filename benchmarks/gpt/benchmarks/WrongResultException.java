package gpt.benchmarks;

/** A result that was checked before it was timed, and is not right. */
public final class WrongResultException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Says what is wrong. */
  public WrongResultException(String wrong) {
    super("WRONG: " + wrong);
  }

  /** Throws where something is wrong. */
  public static void check(String wrong) {
    if (wrong != null) {
      throw new WrongResultException(wrong);
    }
  }
}
