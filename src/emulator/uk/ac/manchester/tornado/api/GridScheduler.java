package uk.ac.manchester.tornado.api;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The grids of a plan's tasks, by {@code "graph.task"}. */
public class GridScheduler {
  private final Map<String, WorkerGrid> grids = new ConcurrentHashMap<>();

  /** Without any grid yet. */
  public GridScheduler() {}

  /** With one task's grid. */
  public GridScheduler(String taskName, WorkerGrid workerGrid) {
    grids.put(taskName, workerGrid);
  }

  /** Adds a task's grid. */
  public void addWorkerGrid(String taskName, WorkerGrid workerGrid) {
    grids.put(taskName, workerGrid);
  }

  /** A task's grid, or null. */
  public WorkerGrid get(String taskName) {
    return grids.get(taskName);
  }

  /** Whether the graph's task has a grid. */
  public boolean contains(String taskScheduleName, String taskName) {
    return grids.containsKey(taskScheduleName + "." + taskName);
  }

  /** The tasks that have a grid. */
  public Set<String> keySet() {
    return grids.keySet();
  }
}
