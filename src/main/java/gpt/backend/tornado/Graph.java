package gpt.backend.tornado;

import gpt.kernels.runtime.Version;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.WorkerGrid;

/**
 * Tasks, each the launch of a kernel, that run one after the other for a number of rows that
 * changes from pass to pass.
 *
 * <p>A graph whose kernels are launched one by one has one task graph of TornadoVM. Its grids are
 * resized to the rows of each pass, which needs no compilation. A recorded graph is a CUDA graph,
 * which is replayed with the grids it was recorded with. So it has several task graphs, called
 * buckets, for 1, 2, 4, 8, … rows and for its capacity. A pass runs the smallest bucket that has
 * room for its rows; the work items of rows that the pass does not have return at once. Buckets
 * share all arrays on the device. The first and the last bucket are compiled at load, the others
 * when a pass first needs them; each is recorded at its first run.
 */
final class Graph {
  /**
   * A task graph for up to a number of rows, and the grids of its tasks. The buckets of a graph
   * have the same name, by which another task graph names the one that it consumes arrays from.
   */
  static final class Bucket {
    private final TaskGraph taskGraph;
    private final Grids grids = new Grids();
    private final List<Task<?>> tasks = new ArrayList<>();
    private int rows;
    private int index;
    private boolean attached;

    private Bucket(String name, int rows) {
      taskGraph = new TaskGraph(name);
      this.rows = rows;
    }

    private <A> void add(String id, Version<A> version, A arguments) {
      version.task().add(taskGraph, id, arguments);
      WorkerGrid grid = version.grid() == null ? null : version.grid().of(arguments, rows);
      if (grid != null) {
        grids.addWorkerGrid(taskGraph.getTaskGraphName() + "." + id, grid);
      }
      tasks.add(new Task<>(version, arguments, grid));
    }

    private void resize(int newRows) {
      if (newRows != rows) {
        tasks.forEach(task -> task.resize(newRows));
        rows = newRows;
      }
    }

    TaskGraph taskGraph() {
      return taskGraph;
    }

    GridScheduler grids() {
      return grids;
    }

    /** The task graph's index in the plan. */
    int index() {
      return index;
    }

    void index(int inPlan) {
      index = inPlan;
    }

    /** Whether the task graph has consumed the arrays of {@code load}. */
    boolean attached() {
      return attached;
    }

    void attach() {
      attached = true;
    }
  }

  /** Grids whose key set is in the order of the tasks, so that the runtime finds the first soon. */
  private static final class Grids extends GridScheduler {
    private final Set<String> names = new LinkedHashSet<>();

    @Override
    public void addWorkerGrid(String name, WorkerGrid grid) {
      super.addWorkerGrid(name, grid);
      names.add(name);
    }

    @Override
    public Set<String> keySet() {
      return names;
    }
  }

  private record Task<A>(Version<A> version, A arguments, WorkerGrid grid) {
    void resize(int rows) {
      if (grid != null) {
        long[] global = version.grid().of(arguments, rows).getGlobalWork();
        grid.setGlobalWork(global[0], global[1], global[2]);
      }
    }
  }

  private final String name;
  private final boolean recorded;
  private final List<Bucket> buckets = new ArrayList<>();

  private Graph(String name, boolean recorded) {
    this.name = name;
    this.recorded = recorded;
  }

  /** An empty graph whose kernels are launched one by one. */
  static Graph launched(String name) {
    Graph graph = new Graph(name, false);
    graph.buckets.add(new Bucket(name, 1));
    return graph;
  }

  /**
   * An empty graph that the device records as a CUDA graph for each bucket.
   *
   * @param capacity rows of the largest pass
   */
  static Graph recorded(String name, int capacity) {
    Graph graph = new Graph(name, true);
    for (int rows = 1; rows < capacity; rows *= 2) {
      graph.buckets.add(new Bucket(name, rows));
    }
    graph.buckets.add(new Bucket(name, capacity));
    return graph;
  }

  /** Appends a task. */
  <A> Graph add(String id, Version<A> version, A arguments) {
    buckets.forEach(bucket -> bucket.add(id, version, arguments));
    return this;
  }

  /** The task graph for a pass of {@code rows} rows, with grids for it. */
  Bucket bucket(int rows) {
    if (!recorded) {
      buckets.getFirst().resize(rows);
      return buckets.getFirst();
    }
    for (Bucket bucket : buckets) {
      if (rows <= bucket.rows) {
        return bucket;
      }
    }
    throw new IllegalArgumentException(rows + " rows in graph " + name);
  }

  /** All its task graphs. */
  List<Bucket> buckets() {
    return buckets;
  }

  /** The task graphs to compile before the first pass: the smallest and the largest bucket. */
  List<Bucket> firstBuckets() {
    return buckets.size() == 1 ? buckets : List.of(buckets.getFirst(), buckets.getLast());
  }

  boolean isRecorded() {
    return recorded;
  }

  String name() {
    return name;
  }

  /** Number of its tasks. */
  int kernels() {
    return buckets.getFirst().tasks.size();
  }
}
