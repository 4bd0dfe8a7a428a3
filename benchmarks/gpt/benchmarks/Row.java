package gpt.benchmarks;

import gpt.bench.Statistics;

/**
 * The measurements of one row: times per call, one for each JMH iteration.
 *
 * @param spec what was measured
 * @param wall nanoseconds that the caller waited
 * @param device nanoseconds that the device spent in kernels; null if unknown
 * @param bytes minimum bytes that a call moves
 * @param flops FLOPs of a call
 * @param error why there are no times; null if there are times
 */
public record Row(Spec spec, double[] wall, double[] device, long bytes, long flops, String error) {

  static Row failed(Spec spec, String error) {
    return new Row(spec, new double[0], null, 0, 0, error);
  }

  /**
   * Median nanoseconds of a call: the device's time in kernels for a single kernel where it is
   * known, otherwise the time that the caller waited.
   */
  public double nanos() {
    return Statistics.median(device == null || spec.isStep() ? wall : device);
  }

  /** Bytes per second. */
  public double bandwidth() {
    return bytes * 1e9 / nanos();
  }

  /** FLOP/s. */
  public double speed() {
    return flops * 1e9 / nanos();
  }
}
