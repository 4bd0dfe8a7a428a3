package gpt.benchmarks;

/**
 * How long JMH measures a row.
 *
 * @param warmUps iterations before
 * @param iterations that count
 * @param millis of an iteration
 */
public record Timing(int warmUps, int iterations, int millis) {
  static final Timing FULL = new Timing(3, 5, 400);
  static final Timing QUICK = new Timing(3, 3, 200);

  /** Seconds from which on a few calls have to do. */
  private static final double LONG = 1;

  /**
   * For a row. Kernels of TornadoVM's are compiled before they are timed, and warm up nothing but
   * the device's clock; where calls are long an iteration is one of them.
   *
   * @param seconds about what a call takes
   */
  Timing of(Spec spec, double seconds) {
    int calls = spec.question().equals(Plan.DECODE_STEP) ? DecodeStep.TOKENS : 1;
    if (calls * seconds > LONG) {
      return new Timing(1, 3, millis);
    }
    return spec.question().equals(Plan.KERNEL_VERSIONS)
        ? new Timing(1, iterations, millis / 2)
        : this;
  }
}
