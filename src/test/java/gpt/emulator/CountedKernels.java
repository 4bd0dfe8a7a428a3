package gpt.emulator;

import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.emulator.Counting;
import uk.ac.manchester.tornado.api.emulator.Traffic;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Kernels whose counts are known by hand; {@link CountingTest} loads this class a second time. */
public final class CountedKernels {
  private static final int TILE = 32;

  private CountedKernels() {}

  static void strided(KernelContext context, FloatArray x, FloatArray y, int stride) {
    y.set(context.globalIdx, x.get(context.globalIdx * stride));
  }

  static void broadcast(KernelContext context, FloatArray x, FloatArray y, int stride) {
    y.set(context.globalIdx, x.get(stride) + x.get(stride) * 2);
  }

  /** A 32 × 32 matrix, transposed through a tile whose rows are {@code width} long. */
  static void transposed(KernelContext context, FloatArray x, FloatArray y, int width) {
    float[] tile = context.allocateFloatLocalArray(TILE * (TILE + 1));
    int lane = context.localIdx;
    for (int row = 0; row < TILE; row++) {
      tile[row * width + lane] = x.get(row * TILE + lane);
    }
    context.localBarrier();
    for (int row = 0; row < TILE; row++) {
      y.set(row * TILE + lane, tile[lane * width + row]);
    }
  }

  /** Lanes with different numbers of rounds, and a method that is called in two places. */
  static void divergent(KernelContext context, FloatArray x, FloatArray y, int even) {
    int lane = context.localIdx;
    float sum = 0;
    for (int i = 0; i < lane % 2; i++) {
      sum += element(x, lane);
    }
    if (lane % 2 == even) {
      sum += element(x, lane);
    }
    y.set(lane, context.simdSum(sum));
  }

  private static float element(FloatArray x, int i) {
    return TornadoMath.sqrt(x.get(i));
  }

  static void outerIsDimension0(FloatArray x, FloatArray y, int columns) {
    for (@Parallel int r = 0; r < 32; r++) {
      for (@Parallel int c = 0; c < columns; c++) {
        y.set(r * columns + c, x.get(c * 32 + r));
      }
    }
  }

  /** Counts a kernel with 64 work items, or 32 and a tile. */
  public static Traffic count(String kernel, int argument) throws Exception {
    TaskGraph graph = new TaskGraph("counted");
    FloatArray x = Plans.floats(64 * 32);
    FloatArray y = Plans.floats(64 * 32);
    graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, x, y);
    int items = 64;
    switch (kernel) {
      case "strided" ->
          graph.task("k", CountedKernels::strided, new KernelContext(), x, y, argument);
      case "broadcast" ->
          graph.task("k", CountedKernels::broadcast, new KernelContext(), x, y, argument);
      case "transposed" -> {
        graph.task("k", CountedKernels::transposed, new KernelContext(), x, y, argument);
        items = 32;
      }
      case "divergent" -> {
        graph.task("k", CountedKernels::divergent, new KernelContext(), x, y, argument);
        items = 32;
      }
      default -> graph.task("k", CountedKernels::outerIsDimension0, x, y, argument);
    }
    graph.transferToHost(DataTransferMode.EVERY_EXECUTION, y);
    try (TornadoExecutionPlan plan = new TornadoExecutionPlan(graph.snapshot())) {
      if (!kernel.equals("parallel")) {
        WorkerGrid grid = Plans.grid(items, 32);
        plan.withGridScheduler(new GridScheduler("counted.k", grid));
      }
      return Counting.of(plan::execute);
    }
  }
}
