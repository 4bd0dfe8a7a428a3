package gpt.kernels.runtime;

import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.WorkerGrid2D;

/**
 * One version of an operation: a kernel, how it is added to a graph, and the grid it runs on.
 *
 * @param <A> the operation's arguments, a record in its file
 * @param name the kernel method's name
 * @param target the kind of device it is optimized for; it is correct on all
 * @param task adds the kernel to a graph
 * @param grid the work items for a step of so many rows; null for an {@code @Parallel} kernel,
 *     whose grid TornadoVM derives from its loops
 */
public record Version<A>(String name, Target target, Task<A> task, Grid<A> grid) {

  /** A kind of device. */
  public enum Target {
    /** Any: a version to read and to compare with. */
    ANY,
    /** Few threads, which share nothing. */
    CPU,
    /** Many threads in workgroups, which share local memory. */
    GPU
  }

  /** Adds a kernel with its arguments to a graph, under an id. */
  @FunctionalInterface
  public interface Task<A> {
    /** Adds the task; the id is unique in the graph. */
    void add(TaskGraph graph, String id, A arguments);
  }

  /** The work items of a launch. */
  @FunctionalInterface
  public interface Grid<A> {
    /** The grid for a step of {@code rows} rows, at least 1. */
    WorkerGrid of(A arguments, int rows);
  }

  /** A naive version, an {@code @Parallel} kernel. */
  public static <A> Version<A> parallel(Task<A> task) {
    return new Version<>("naive", Target.ANY, task, null);
  }

  /** At least {@code items} work items in workgroups of {@code group}. */
  public static WorkerGrid items(int items, int group) {
    return groups(Math.ceilDiv(items, group), group);
  }

  /** {@code groups} workgroups of {@code group} work items. */
  public static WorkerGrid groups(int groups, int group) {
    WorkerGrid grid = new WorkerGrid1D(Math.multiplyExact(groups, group));
    grid.setLocalWork(group, 1, 1);
    return grid;
  }

  /** {@code x} × {@code y} workgroups of {@code group} × 1 work items. */
  public static WorkerGrid groups(int x, int y, int group) {
    WorkerGrid grid = new WorkerGrid2D(Math.multiplyExact(x, group), y);
    grid.setLocalWork(group, 1, 1);
    return grid;
  }

  @Override
  public String toString() {
    return name;
  }
}
