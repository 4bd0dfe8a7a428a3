package gpt.backend.tornado;

import gpt.engine.LoadProgress;
import gpt.model.Contexts;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.TornadoExecutionResult;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.enums.ProfilerMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * An execution plan of TornadoVM: task graphs that run in any order over the same arrays on the
 * device. Create all graphs with their tasks and transfers, then call {@link #build}. The graph
 * {@code load} copies the arrays to the device; the others consume them, that is, use them there
 * without a copy.
 */
final class DevicePlan implements AutoCloseable {
  private static final String LOAD = "load";

  /** The arrays that stay on the device, shared by all graphs. */
  record Arrays(
      IntArray pass,
      List<TornadoNativeArray> weights,
      List<FloatArray> floats,
      List<HalfFloatArray> halves,
      List<IntArray> ints) {

    Object[] all() {
      List<TornadoNativeArray> all = new ArrayList<>(weights);
      all.addAll(ints);
      all.add(pass);
      all.addAll(halves);
      all.addAll(floats);
      return all.toArray();
    }
  }

  /**
   * The grids of the selected graph, as the plan's only scheduler: whenever the runtime selects a
   * graph, it compares the scheduler's names with all tasks until it finds one, and it prints the
   * scheduler into each result. With a scheduler for each graph these two took two thirds of the
   * host's time.
   */
  private static final class SelectedGrids extends GridScheduler {
    private GridScheduler selected;

    SelectedGrids(GridScheduler selected) {
      this.selected = selected;
    }

    @Override
    public WorkerGrid get(String taskName) {
      return selected.get(taskName);
    }

    @Override
    public boolean contains(String graph, String task) {
      return selected.contains(graph, task);
    }

    @Override
    public Set<String> keySet() {
      return selected.keySet();
    }

    @Override
    public String toString() {
      return "";
    }
  }

  private final TornadoDevice device;
  private final Arrays arrays;
  private final Profile profile;
  private final int recordedRows;

  /** All graphs except {@code load}, which is the plan's first. */
  private final List<Graph> graphs = new ArrayList<>();

  private final GridScheduler loadGrids = new GridScheduler();
  private final SelectedGrids grids = new SelectedGrids(loadGrids);

  /** Graphs that own arrays: those that they upload at each run. */
  private final List<Graph> owners = new ArrayList<>();

  private TornadoExecutionPlan plan;
  private boolean closed;

  /**
   * A plan without graphs.
   *
   * @param profile counts launches, times and copied bytes; null to count nothing
   * @param recordedRows maximum rows of a decode pass if decode's graphs are recorded as CUDA
   *     graphs; 0 if each kernel is launched
   */
  DevicePlan(TornadoDevice device, Arrays arrays, Profile profile, int recordedRows) {
    this.device = device;
    this.arrays = arrays;
    this.profile = profile;
    this.recordedRows = recordedRows;
  }

  /** Whether decode's graphs are recorded as CUDA graphs. */
  boolean records() {
    return recordedRows > 0;
  }

  /** A new graph without tasks. */
  Graph graph(String name) {
    return added(Graph.launched(name));
  }

  /**
   * A new graph without tasks that runs for each generated token. It is recorded as a CUDA graph if
   * the plan {@link #records}.
   */
  Graph decodeGraph(String name) {
    return added(records() ? Graph.recorded(name, recordedRows) : Graph.launched(name));
  }

  private Graph added(Graph graph) {
    graphs.add(graph);
    return graph;
  }

  /**
   * Uploads arrays each time a graph runs. Another graph may use them only if it uploads them too.
   */
  void in(Graph graph, Object... requests) {
    for (Graph.Bucket bucket : graph.buckets()) {
      bucket.taskGraph().transferToDevice(DataTransferMode.EVERY_EXECUTION, requests);
    }
    owners.add(graph);
  }

  /** Copies an array to the host each time a graph has run. */
  void out(Graph graph, TornadoNativeArray array) {
    for (Graph.Bucket bucket : graph.buckets()) {
      bucket.taskGraph().transferToHost(DataTransferMode.EVERY_EXECUTION, array);
    }
  }

  /** Builds the plan; nothing is compiled or copied yet. */
  void build() {
    List<ImmutableTaskGraph> all = new ArrayList<>();
    all.add(LoadGraph.of(LOAD, loadGrids, arrays).snapshot());
    for (Graph graph : graphs) {
      for (Graph.Bucket bucket : graph.buckets()) {
        bucket.taskGraph().consumeFromDevice(LOAD, arrays.all());
        // A graph may run after any other one, from which it consumes one array by name: without a
        // name the runtime would look up all arrays at each execution.
        for (Graph before : graphs) {
          bucket.taskGraph().consumeFromDevice(before.name(), arrays.pass());
        }
        bucket.index(all.size());
        all.add(bucket.taskGraph().snapshot());
      }
    }
    TornadoExecutionPlan made =
        new TornadoExecutionPlan(all.toArray(ImmutableTaskGraph[]::new)).withDevice(device);
    plan = profile == null ? made : made.withProfiler(ProfilerMode.SILENT);
    select(0, loadGrids).withGridScheduler(grids);
    // Before anything is compiled: the runtime reads this flag when it builds a graph's bytecode.
    for (Graph graph : graphs) {
      if (graph.isRecorded()) {
        graph.buckets().forEach(bucket -> plan.withGraph(bucket.index()).withCUDAGraph());
      }
    }
  }

  /** Copies the weights to the device. */
  void load() {
    guarded("copying the weights", () -> execute(0, loadGrids, 0));
  }

  /** Compiles the kernels of graphs now instead of at their first run. */
  void compile(List<Graph> needed, LoadProgress progress) {
    int total = needed.stream().mapToInt(g -> g.firstBuckets().size() * g.kernels()).sum();
    int done = 0;
    for (Graph graph : needed) {
      for (Graph.Bucket bucket : graph.firstBuckets()) {
        progress.compiling(done, total);
        guarded("compiling", () -> select(bucket.index(), bucket.grids()).withPreCompilation());
        done += graph.kernels();
      }
    }
    progress.compiling(total, total);
  }

  /** Runs a graph for a pass of {@code rows} rows. */
  void run(Graph graph, int rows) {
    checkOpen();
    Graph.Bucket bucket = graph.bucket(rows);
    guarded(
        "running task graph " + graph.name(),
        () -> {
          if (!bucket.attached()) {
            execute(0, loadGrids, 0); // copies nothing, but lets the next graph consume its arrays
            bucket.attach();
          }
          execute(bucket.index(), bucket.grids(), graph.kernels());
        });
  }

  private TornadoExecutionPlan select(int index, GridScheduler gridsOfGraph) {
    grids.selected = gridsOfGraph;
    return plan.withGraph(index);
  }

  private void execute(int index, GridScheduler gridsOfGraph, int launches) {
    // Each execution has a plan object of its own, which keeps the result: none accumulate.
    TornadoExecutionResult result = select(index, gridsOfGraph).execute();
    if (profile != null) {
      profile.add(result.getProfilerResult(), launches);
    }
  }

  private static void guarded(String doing, Runnable action) {
    try {
      action.run();
    } catch (OutOfMemoryError e) {
      throw e; // of the Java heap
    } catch (RuntimeException | Error e) {
      throw TornadoVm.failure(doing, e);
    }
  }

  /** Throws after {@link #close}: executing a graph would allocate its arrays again, empty. */
  void checkOpen() {
    if (closed) {
      throw Contexts.closed();
    }
  }

  /** Frees the device's memory; closing again does nothing. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      // Only its owner frees an array: freeing it twice is a fatal error in the runtime.
      for (Graph owner : owners) {
        for (Graph.Bucket bucket : owner.buckets()) {
          plan.withGraph(bucket.index()).freeDeviceMemory();
        }
      }
      plan.withGraph(0).freeDeviceMemory();
      plan.close();
    } catch (TornadoExecutionPlanException e) {
      throw TornadoVm.failure("freeing the device's memory", e);
    }
  }
}
