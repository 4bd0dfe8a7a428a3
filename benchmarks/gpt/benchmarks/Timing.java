package gpt.benchmarks;

/**
 * How long JMH measures a row.
 *
 * @param warmUps iterations before
 * @param iterations that count
 * @param millis of an iteration
 */
public record Timing(int warmUps, int iterations, int millis) {
  static final Timing FULL = new Timing(3, 5, 500);
  static final Timing QUICK = new Timing(3, 3, 200);

  /** Seconds of a call from which on a few calls have to do. */
  private static final double LONG = 1;

  Timing of(double secondsOfACall) {
    return secondsOfACall > LONG ? new Timing(1, 2, millis) : this;
  }
}
