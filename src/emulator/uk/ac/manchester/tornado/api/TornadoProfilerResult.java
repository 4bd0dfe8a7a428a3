package uk.ac.manchester.tornado.api;

import java.util.function.ToLongFunction;
import uk.ac.manchester.tornado.api.emulator.Counts;

/** The profiler's figures on the graphs that the plan has selected; times are in nanoseconds. */
public class TornadoProfilerResult {
  private final TornadoExecutionPlan plan;

  TornadoProfilerResult(TornadoExecutionPlan plan) {
    this.plan = plan;
  }

  private long sum(ToLongFunction<Counts> figure) {
    return plan.selected().stream().mapToLong(g -> figure.applyAsLong(g.counts())).sum();
  }

  /** The whole execution. */
  public long getTotalTime() {
    return sum(Counts::totalNanos);
  }

  /** Compilation; the emulator has none. */
  public long getCompileTime() {
    return 0;
  }

  /** Compilation by TornadoVM; the emulator has none. */
  public long getTornadoCompilerTime() {
    return 0;
  }

  /** Compilation by the driver; the emulator has none. */
  public long getDriverInstallTime() {
    return 0;
  }

  /** Copies in both directions; the emulator does not measure them. */
  public long getDataTransfersTime() {
    return 0;
  }

  /** Copies to the device; the emulator does not measure them. */
  public long getDeviceWriteTime() {
    return 0;
  }

  /** Copies to the host; the emulator does not measure them. */
  public long getDeviceReadTime() {
    return 0;
  }

  /** Launching the copies; the emulator does not measure it. */
  public long getDataTransferDispatchTime() {
    return 0;
  }

  /** Launching the kernels; the emulator does not measure it. */
  public long getKernelDispatchTime() {
    return 0;
  }

  /** The kernels themselves. */
  public long getDeviceKernelTime() {
    return sum(Counts::kernelNanos);
  }

  /** Bytes copied to the device, headers included. */
  public long getTotalBytesCopyIn() {
    return sum(Counts::bytesIn);
  }

  /** Bytes copied to the host, headers included. */
  public long getTotalBytesCopyOut() {
    return sum(Counts::bytesOut);
  }

  /** Bytes copied in both directions. */
  public long getTotalBytesTransferred() {
    return getTotalBytesCopyIn() + getTotalBytesCopyOut();
  }

  /** Bytes of the buffers on the device. */
  public long getTotalDeviceMemoryUsage() {
    return plan.getCurrentDeviceMemoryUsage();
  }
}
