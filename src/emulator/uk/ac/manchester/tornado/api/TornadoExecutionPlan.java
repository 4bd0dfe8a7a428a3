package uk.ac.manchester.tornado.api;

import java.util.List;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.emulator.EmulatorDevice;
import uk.ac.manchester.tornado.api.emulator.Graph;
import uk.ac.manchester.tornado.api.emulator.MemoryLimit;
import uk.ac.manchester.tornado.api.enums.ProfilerMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.exceptions.TornadoMemoryException;
import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/** Runs task graphs. Every {@code with} method changes this plan and returns it. */
public class TornadoExecutionPlan implements AutoCloseable {
  /** The default device. */
  public static TornadoDevice DEFAULT_DEVICE =
      TornadoRuntimeProvider.getTornadoRuntime().getDefaultDevice();

  private final List<Graph> graphs;
  private List<Graph> selected;
  private GridScheduler grids;
  private boolean profile;
  private long limit = Long.MAX_VALUE;

  /** A plan of these graphs. */
  public TornadoExecutionPlan(ImmutableTaskGraph... immutableTaskGraphs) {
    graphs = List.of(immutableTaskGraphs).stream().map(g -> g.graph).toList();
    selected = graphs;
  }

  /** A device by the indexes of its backend and itself. */
  public static TornadoDevice getDevice(int driverIndex, int deviceIndex) {
    return TornadoRuntimeProvider.getTornadoRuntime()
        .getBackend(driverIndex)
        .getDevice(deviceIndex);
  }

  /** All backends and devices. */
  public static TornadoDeviceMap getTornadoDeviceMap() {
    return new TornadoDeviceMap();
  }

  /** Executes the selected graph, or all of them one after the other. */
  public TornadoExecutionResult execute() {
    for (Graph graph : selected) {
      executeOne(graph);
    }
    rememberLast();
    return new TornadoExecutionResult(this);
  }

  private void executeOne(Graph graph) {
    if (graph.bytes() > limit) {
      throw new TornadoMemoryException(
          "graph "
              + graph.name()
              + " has arrays of "
              + graph.bytes()
              + " bytes, the plan's memory limit is "
              + limit);
    }
    graph.execute(grids, profile, MemoryLimit.ofDevice() - getCurrentDeviceMemoryUsage());
  }

  private void rememberLast() {
    graphs.forEach(g -> g.setLast(selected.getLast()));
  }

  List<Graph> selected() {
    return selected;
  }

  /** Selects one graph for the executions that follow. */
  public TornadoExecutionPlan withGraph(int graphIndex) {
    if (graphIndex < 0 || graphIndex >= graphs.size()) {
      throw new TornadoRuntimeException(
          "graph " + graphIndex + " of a plan with " + graphs.size() + " graphs");
    }
    selected = List.of(graphs.get(graphIndex));
    return this;
  }

  /** Selects all graphs for the executions that follow. */
  public TornadoExecutionPlan withAllGraphs() {
    selected = graphs;
    return this;
  }

  /** Generates the selected graphs' bytecode and compiles their kernels; here Java did that. */
  public TornadoExecutionPlan withPreCompilation() {
    selected.forEach(graph -> graph.recording().compile());
    return this;
  }

  /** Chooses the device. */
  public TornadoExecutionPlan withDevice(TornadoDevice device) {
    if (device != EmulatorDevice.DEVICE) {
      throw new TornadoRuntimeException("the emulator cannot run on " + device);
    }
    return this;
  }

  /** The device of a graph. */
  public TornadoDevice getDevice(int immutableTaskGraphIndex) {
    return EmulatorDevice.DEVICE;
  }

  /** Frees the buffers of the selected graphs. */
  public TornadoExecutionPlan freeDeviceMemory() {
    selected.forEach(Graph::free);
    return this;
  }

  /** Sets the grids of the tasks. */
  public TornadoExecutionPlan withGridScheduler(GridScheduler gridScheduler) {
    if (graphs.stream().noneMatch(g -> g.uses(gridScheduler))) {
      throw new TornadoRuntimeException(
          "no task of the plan has a grid in the grid scheduler: " + gridScheduler.keySet());
    }
    grids = gridScheduler;
    return this;
  }

  /** Switches the profiler on. */
  public TornadoExecutionPlan withProfiler(ProfilerMode profilerMode) {
    profile = true;
    return this;
  }

  /** Switches the profiler off. */
  public TornadoExecutionPlan withoutProfiler() {
    profile = false;
    return this;
  }

  /** Sets the maximum size of a graph's arrays, such as 512MB. */
  public TornadoExecutionPlan withMemoryLimit(String memoryLimit) {
    limit = MemoryLimit.ofPlan(memoryLimit);
    return this;
  }

  /** Removes the limit. */
  public TornadoExecutionPlan withoutMemoryLimit() {
    limit = Long.MAX_VALUE;
    return this;
  }

  /** Resets the device's queues and caches; here there are none. */
  public TornadoExecutionPlan resetDevice() {
    return this;
  }

  /** Clears the events of earlier executions; here there are none. */
  public TornadoExecutionPlan clearProfiles() {
    return this;
  }

  /** Prints the grids of the launches; the emulator does not. */
  public TornadoExecutionPlan withThreadInfo() {
    return this;
  }

  /** Prints the kernels' code; the emulator has none. */
  public TornadoExecutionPlan withPrintKernel() {
    return this;
  }

  /** Frees the buffers of the selected graphs. */
  @Override
  public void close() throws TornadoExecutionPlanException {
    freeDeviceMemory();
  }

  /** Bytes of the buffers on the device. */
  public long getCurrentDeviceMemoryUsage() {
    return graphs.stream().mapToLong(Graph::bytesOnDevice).sum();
  }

  /** Executes the selected graphs this many times. */
  public TornadoExecutionPlan withWarmUpIterations(int iterations) {
    for (int i = 0; i < iterations; i++) {
      for (Graph graph : selected) {
        executeOne(graph);
        rememberLast();
      }
    }
    return this;
  }

  /** Executes the selected graphs for at least this long. */
  public TornadoExecutionPlan withWarmUpTime(long milliseconds) throws InterruptedException {
    long end = System.nanoTime() + milliseconds * 1_000_000;
    do {
      withWarmUpIterations(1);
    } while (System.nanoTime() < end);
    return this;
  }

  /** Records the selected graphs at their first execution; ignored if they are compiled already. */
  public TornadoExecutionPlan withCUDAGraph() {
    selected.forEach(graph -> graph.recording().request());
    return this;
  }
}
