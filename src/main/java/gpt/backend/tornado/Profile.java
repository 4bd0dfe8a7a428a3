package gpt.backend.tornado;

import uk.ac.manchester.tornado.api.TornadoProfilerResult;

/** Totals of what the device executed, from TornadoVM's profiler. */
public final class Profile {
  private long kernelNanos;
  private long transferNanos;
  private long bytesIn;
  private long bytesOut;
  private int launches;

  /**
   * Totals since the last {@link #reset}.
   *
   * @param kernelNanos time in kernels, in nanoseconds
   * @param transferNanos time of copies to and from the device, in nanoseconds
   * @param bytesIn bytes copied to the device, including 24 for each launch's grid
   * @param bytesOut bytes copied from the device, including 16 for each array's header
   * @param launches kernels launched
   */
  public record Totals(
      long kernelNanos, long transferNanos, long bytesIn, long bytesOut, int launches) {}

  void add(TornadoProfilerResult result, int kernels) {
    kernelNanos += result.getDeviceKernelTime();
    transferNanos += result.getDeviceWriteTime() + result.getDeviceReadTime();
    bytesIn += result.getTotalBytesCopyIn();
    bytesOut += result.getTotalBytesCopyOut();
    launches += kernels;
  }

  /** Returns the totals and sets them to zero. */
  public Totals reset() {
    Totals totals = new Totals(kernelNanos, transferNanos, bytesIn, bytesOut, launches);
    kernelNanos = 0;
    transferNanos = 0;
    bytesIn = 0;
    bytesOut = 0;
    launches = 0;
    return totals;
  }
}
