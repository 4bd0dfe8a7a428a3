package gpt.backend.tornado;

import gpt.kernels.runtime.Version;
import java.util.ArrayList;
import java.util.List;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.WorkerGrid;

/**
 * A task graph in the making, and the grids of its tasks, which follow the number of rows in a pass
 * without a compilation.
 */
final class Graph {
  private record Task<A>(String id, Version<A> version, A arguments, WorkerGrid grid) {
    void resize(int rows) {
      if (grid != null) {
        long[] global = version.grid().of(arguments, rows).getGlobalWork();
        grid.setGlobalWork(global[0], global[1], global[2]);
      }
    }
  }

  private final TaskGraph graph;
  private final GridScheduler grids;
  private final List<Task<?>> tasks = new ArrayList<>();
  private int rows;
  private boolean attached;

  /**
   * An empty graph.
   *
   * @param grids where the tasks' grids are registered
   */
  Graph(String name, GridScheduler grids) {
    graph = new TaskGraph(name);
    this.grids = grids;
  }

  /** Appends a task, for a pass of one row. */
  <A> Graph add(String id, Version<A> version, A arguments) {
    version.task().add(graph, id, arguments);
    WorkerGrid grid = version.grid() == null ? null : version.grid().of(arguments, 1);
    if (grid != null) {
      grids.addWorkerGrid(name() + "." + id, grid);
    }
    tasks.add(new Task<>(id, version, arguments, grid));
    rows = 1;
    return this;
  }

  /** Makes the grids fit a pass of so many rows. */
  void resize(int newRows) {
    if (newRows != rows) {
      tasks.forEach(task -> task.resize(newRows));
      rows = newRows;
    }
  }

  /** Whether the graph has taken over the arrays that it works on. */
  boolean attached() {
    return attached;
  }

  void attach() {
    attached = true;
  }

  String name() {
    return graph.getTaskGraphName();
  }

  TaskGraph taskGraph() {
    return graph;
  }

  /** Kernels that the graph has compiled. */
  int kernels() {
    return tasks.size();
  }
}
