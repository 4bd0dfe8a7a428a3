package gpt.emulator;

import java.util.stream.IntStream;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.enums.ProfilerMode;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Helpers to run a graph in a test. */
final class Plans {
  private Plans() {}

  static WorkerGrid grid(int global, int local) {
    WorkerGrid grid = new WorkerGrid1D(global);
    grid.setLocalWork(local, 1, 1);
    return grid;
  }

  static GridScheduler grids(String task, WorkerGrid grid) {
    return new GridScheduler(task, grid);
  }

  /** Executes a graph once; its one kernel is {@code task}. */
  static void run(TaskGraph graph, String task, WorkerGrid grid) throws Exception {
    try (TornadoExecutionPlan plan = new TornadoExecutionPlan(graph.snapshot())) {
      plan.withGridScheduler(grids(graph.getTaskGraphName() + "." + task, grid)).execute();
    }
  }

  static TornadoExecutionPlan profiled(GridScheduler grids, ImmutableTaskGraph... graphs) {
    return new TornadoExecutionPlan(graphs)
        .withGridScheduler(grids)
        .withProfiler(ProfilerMode.SILENT);
  }

  static FloatArray floats(int n) {
    FloatArray array = new FloatArray(n);
    for (int i = 0; i < n; i++) {
      array.set(i, (i * 37 % 101) / 8f - 3f);
    }
    return array;
  }

  static IntArray ints(int n) {
    return IntArray.fromArray(IntStream.range(0, n).toArray());
  }
}
