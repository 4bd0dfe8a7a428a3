package gpt.backend.tornado.check;

import gpt.backend.tornado.TornadoDevices;
import gpt.backend.tornado.TornadoVm;
import gpt.kernels.runtime.Copy;
import gpt.kernels.runtime.Version;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.enums.ProfilerMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Measures a device's memory bandwidth with {@link Copy}, by the device's own clock. */
public final class DeviceBandwidth implements AutoCloseable {
  /** Floats to copy: 128 MB are read and 128 MB written, more than caches hold. */
  private static final int FLOATS = 32 << 20;

  private final FloatArray x;
  private final FloatArray y;
  private final TornadoExecutionPlan plan;

  /** Allocates 256 MB on the device and compiles the kernel. */
  public DeviceBandwidth(TornadoDevices.Device device) {
    TornadoVm.prepare();
    x = new FloatArray(FLOATS);
    x.init(1);
    y = new FloatArray(FLOATS);
    y.init(0);
    Copy.Arguments arguments = new Copy.Arguments(x, y, FLOATS);
    Version<Copy.Arguments> version =
        device.target() == Version.Target.CPU ? Copy.RUN_PER_THREAD : Copy.RUN_PER_GROUP;
    TaskGraph graph = new TaskGraph("bandwidth");
    graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, x, y);
    version.task().add(graph, "copy", arguments);
    graph.transferToHost(DataTransferMode.UNDER_DEMAND, y);
    try {
      plan =
          new TornadoExecutionPlan(graph.snapshot())
              .withDevice(device.handle())
              .withGridScheduler(
                  new GridScheduler("bandwidth.copy", version.grid().of(arguments, 1)))
              .withProfiler(ProfilerMode.SILENT);
      measure(2);
    } catch (RuntimeException | LinkageError e) {
      throw TornadoVm.failure("measuring the device's memory", e);
    }
  }

  /**
   * Copies {@code passes} times.
   *
   * @return bytes per second of the fastest pass, the sum of those read and written
   */
  public double measure(int passes) {
    long best = Long.MAX_VALUE;
    for (int pass = 0; pass < passes; pass++) {
      best = Math.min(best, plan.execute().getProfilerResult().getDeviceKernelTime());
    }
    return 2.0 * Float.BYTES * x.getSize() * 1e9 / best;
  }

  @Override
  public void close() {
    try {
      plan.freeDeviceMemory();
      plan.close();
    } catch (TornadoExecutionPlanException e) {
      throw TornadoVm.failure("freeing the device's memory", e);
    }
  }
}
