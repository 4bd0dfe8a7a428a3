package gpt.benchmarks;

/** The check before timing found a wrong result. */
public final class WrongResultException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Describes the error. */
  public WrongResultException(String wrong) {
    super("WRONG: " + wrong);
  }

  /** Throws unless {@code wrong} is null. */
  public static void check(String wrong) {
    if (wrong != null) {
      throw new WrongResultException(wrong);
    }
  }
}
