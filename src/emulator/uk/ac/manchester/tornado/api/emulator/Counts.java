package uk.ac.manchester.tornado.api.emulator;

/** Transferred bytes and times of a graph's last execution; all 0 without the profiler. */
public final class Counts {
  boolean profile;
  int executions;
  private long begin;
  private long in;
  private long out;
  private long kernel;
  private long total;

  Counts() {}

  void start(boolean on) {
    profile = on;
    in = 0;
    out = 0;
    kernel = 0;
    total = 0;
    begin = System.nanoTime();
  }

  void stop() {
    executions++;
    total = System.nanoTime() - begin;
  }

  void in(long bytes) {
    in += bytes;
  }

  void out(long bytes) {
    out += bytes;
  }

  void kernel(long nanos) {
    kernel += nanos;
  }

  /** Bytes copied to the device. */
  public long bytesIn() {
    return profile ? in : 0;
  }

  /** Bytes copied to the host. */
  public long bytesOut() {
    return profile ? out : 0;
  }

  /** Nanoseconds of the kernels, including all their orders. */
  public long kernelNanos() {
    return profile ? kernel : 0;
  }

  /** Nanoseconds of the whole execution. */
  public long totalNanos() {
    return profile ? total : 0;
  }
}
