package gpt.bench;

/**
 * Where the time of a test went on a device, by its own clock.
 *
 * @param nanos of all of it
 * @param kernelNanos kernels
 * @param transferNanos copies to and from the device
 * @param launches kernels that were launched
 */
public record Breakdown(long nanos, long kernelNanos, long transferNanos, int launches) {

  /** What is left: between kernels, and on the host. */
  public long otherNanos() {
    return Math.max(0, nanos - kernelNanos - transferNanos);
  }
}
