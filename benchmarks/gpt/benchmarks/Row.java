package gpt.benchmarks;

import gpt.bench.Statistics;

/**
 * What was measured for one row. Times are of one call, one for each of JMH's iterations.
 *
 * @param wall nanoseconds that the caller waited
 * @param device nanoseconds that the device spent in kernels; null where nobody knows
 * @param bytes of a call, the fewest to move
 * @param flops of a call
 * @param error why there are no times; null where there are
 */
public record Row(Spec spec, double[] wall, double[] device, long bytes, long flops, String error) {

  static Row failed(Spec spec, String error) {
    return new Row(spec, new double[0], null, 0, 0, error);
  }

  /**
   * Nanoseconds of a call, the median: of a single kernel the device's own where that is known, of
   * anything else what the caller waited.
   */
  public double nanos() {
    return Statistics.median(device == null || spec.isStep() ? wall : device);
  }

  /** Bytes a second. */
  public double bandwidth() {
    return bytes * 1e9 / nanos();
  }

  /** Additions and multiplications a second. */
  public double speed() {
    return flops * 1e9 / nanos();
  }
}
