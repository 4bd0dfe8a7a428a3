package gpt.backend.tornado;

import uk.ac.manchester.tornado.api.TornadoProfilerResult;

/** What was executed on the device, summed up from TornadoVM's profiler. */
public final class Profile {
  private long kernelNanos;
  private long transferNanos;
  private long bytesIn;
  private long bytesOut;
  private int launches;

  /**
   * What came together since {@link #reset}.
   *
   * @param kernelNanos time that the device spent in kernels
   * @param transferNanos time that copies to and from the device took
   * @param bytesIn copied to the device; TornadoVM counts 24 for each launch's grid among them
   * @param bytesOut copied from the device, with 16 for an array's header
   * @param launches kernels that were launched
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

  /** Hands over the sums and begins again. */
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
