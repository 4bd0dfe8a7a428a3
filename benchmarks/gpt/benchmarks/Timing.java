package gpt.benchmarks;

/**
 * How long JMH measures a row.
 *
 * @param warmUps iterations before measuring
 * @param iterations measured iterations
 * @param millis duration of an iteration
 */
public record Timing(int warmUps, int iterations, int millis) {
  static final Timing FULL = new Timing(3, 5, 400);
  static final Timing QUICK = new Timing(3, 3, 200);

  /** Longer calls are measured in few iterations. */
  private static final double LONG_SECONDS = 1;

  /**
   * The timing of a row. TornadoVM kernels are compiled before they are timed, so their warm-up
   * only raises the device's clock. With long calls an iteration is one call.
   *
   * @param seconds estimated time of a call
   */
  Timing of(Spec spec, double seconds) {
    int calls = spec.question().equals(Plan.DECODE_STEP) ? DecodeStep.TOKENS : 1;
    if (calls * seconds > LONG_SECONDS) {
      return new Timing(1, 3, millis);
    }
    return Plan.ofDevice(spec.question()) ? new Timing(1, iterations, millis / 2) : this;
  }
}
