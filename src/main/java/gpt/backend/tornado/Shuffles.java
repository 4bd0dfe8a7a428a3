package gpt.backend.tornado;

import gpt.kernels.runtime.Version;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * Checks that {@code simdSum} adds up the lanes of a warp on a device. A backend without shuffles
 * returns the argument instead, without an error, and a warp of another size gives another sum: all
 * logits would be wrong. So a tiny kernel runs once for each device of a process, before the
 * kernels that use {@code simdSum} are chosen.
 */
public final class Shuffles {
  /** {@code true} or {@code false} instead of the check: for a driver that computes nothing. */
  static final String PROPERTY = "gpt.shuffles";

  /** Lanes that the kernels take for a warp. */
  private static final int WARP = 32;

  private static final int LANES = 2 * WARP;

  private static final Map<String, Boolean> CHECKED = new ConcurrentHashMap<>();

  /** A kernel of the check: the sum of each warp, for all of its lanes. */
  @FunctionalInterface
  interface Kernel {
    /** Adds it to a graph, as task {@code sums}. */
    void add(TaskGraph graph, FloatArray x, FloatArray y);
  }

  private Shuffles() {}

  /** Whether kernels may use {@code simdSum} on the device. */
  public static boolean work(TornadoDevices.Device device) {
    String given = System.getProperty(PROPERTY);
    if (given != null) {
      return Boolean.parseBoolean(given);
    }
    return device.hasShuffles()
        && CHECKED.computeIfAbsent(device.id(), id -> addUp(device, Shuffles::addSums));
  }

  static void addSums(TaskGraph graph, FloatArray x, FloatArray y) {
    graph.task("sums", Shuffles::sums, new KernelContext(), x, y);
  }

  static void sums(KernelContext context, FloatArray x, FloatArray y) {
    y.set(context.globalIdx, context.simdSum(x.get(context.globalIdx)));
  }

  /** Whether a kernel gives each lane the sum of its warp on a device. */
  static boolean addUp(TornadoDevices.Device device, Kernel kernel) {
    FloatArray x = new FloatArray(LANES);
    FloatArray y = new FloatArray(LANES);
    for (int i = 0; i < LANES; i++) {
      x.set(i, i + 1); // the sums are exact
      y.set(i, 0);
    }
    TaskGraph graph = new TaskGraph("shuffles");
    graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, x, y);
    kernel.add(graph, x, y);
    graph.transferToHost(DataTransferMode.EVERY_EXECUTION, y);
    GridScheduler grid = new GridScheduler("shuffles.sums", Version.groups(1, LANES));
    try (TornadoExecutionPlan plan = new TornadoExecutionPlan(graph.snapshot())) {
      plan.withDevice(device.handle()).withGridScheduler(grid).execute();
      plan.freeDeviceMemory();
    } catch (RuntimeException | LinkageError | TornadoExecutionPlanException e) {
      throw TornadoVm.failure("checking the sums of a warp", e);
    }
    for (int i = 0; i < LANES; i++) {
      int first = i / WARP * WARP + 1;
      if (y.get(i) != WARP * first + WARP * (WARP - 1) / 2) {
        return false;
      }
    }
    return true;
  }
}
