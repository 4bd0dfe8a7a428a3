package uk.ac.manchester.tornado.api;

import java.util.HashSet;
import java.util.Set;
import uk.ac.manchester.tornado.api.emulator.Graph;
import uk.ac.manchester.tornado.api.emulator.Kernel;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoTaskRuntimeException;

/** Tasks, and the transfers between host and device around them. */
public class TaskGraph extends TaskGraphTasks {
  private final Graph graph;
  private final Set<String> ids = new HashSet<>();

  /** An empty graph. */
  public TaskGraph(String name) {
    graph = new Graph(name);
  }

  @Override
  TaskGraph add(String id, Kernel kernel, Object... args) {
    if (!ids.add(id)) {
      throw new TornadoTaskRuntimeException(
          "graph " + graph.name() + " has two tasks called " + id);
    }
    graph.task(id, kernel, args);
    return this;
  }

  /** Its name. */
  public String getTaskGraphName() {
    return graph.name();
  }

  /** Copies arrays to the device before the tasks run. */
  public TaskGraph transferToDevice(int mode, Object... objects) {
    graph.transferToDevice(mode, objects);
    return this;
  }

  /** Takes over the buffers of a graph that persists these arrays. */
  public TaskGraph consumeFromDevice(String uniqueTaskGraphName, Object... objects) {
    graph.consume(uniqueTaskGraphName, objects);
    return this;
  }

  /** Takes over the buffers of the graph executed before. */
  public TaskGraph consumeFromDevice(Object... objects) {
    graph.consume(graph.name(), objects);
    return this;
  }

  /** Copies arrays to the host after the tasks have run. */
  public TaskGraph transferToHost(int mode, Object... objects) {
    graph.transferToHost(mode, objects);
    return this;
  }

  /** Keeps arrays on the device for other graphs. */
  public TaskGraph persistOnDevice(Object... objects) {
    graph.transferToHost(DataTransferMode.UNDER_DEMAND, objects);
    return this;
  }

  /** An immutable copy of this graph for an execution plan. */
  public ImmutableTaskGraph snapshot() {
    return new ImmutableTaskGraph(graph.snapshot());
  }
}
