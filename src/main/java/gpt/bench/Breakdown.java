package gpt.bench;

/**
 * How a test's time on a device divides, by the device's clock.
 *
 * @param nanos total
 * @param kernelNanos time in kernels
 * @param transferNanos time of copies to and from the device
 * @param launches number of kernel launches
 */
public record Breakdown(long nanos, long kernelNanos, long transferNanos, int launches) {

  /** The remaining time: launch gaps and the host. */
  public long otherNanos() {
    return Math.max(0, nanos - kernelNanos - transferNanos);
  }
}
