package gpt.kernels.runtime;

import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * <pre>
 * y[i] = x[i]
 *
 * shapes    x, y (N)
 * bound     memory: 8·N bytes and no FLOPs
 * threads   see each version
 * example   N = 600, runs of 256: work item 0 of runPerThread copies 0 to 255, item 2 copies 512 to 599
 * </pre>
 *
 * <p>Not part of a model: measures the device's memory bandwidth, as a bound for the other kernels.
 *
 * <ul>
 *   <li>{@code naive}: one float a work item.
 *   <li>{@code runPerThread}: each work item copies a contiguous run of {@value #EACH} floats, for
 *       CPUs.
 *   <li>{@code runPerGroup}: a workgroup copies a contiguous run, {@value #EACH} floats a lane with
 *       adjacent lanes on adjacent floats (coalesced), for GPUs.
 * </ul>
 *
 * <p>Read before: {@link Version}. After: {@link gpt.kernels.LmHead}, {@link
 * gpt.kernels.LayerNorm}.
 *
 * <p>Source: the copy of McCalpin's STREAM. Test: {@code RowsTest}. Benchmark: {@code scripts/bench
 * --operations copy}.
 */
public final class Copy {
  private static final int GROUP = 64;

  /** Floats that a work item copies. */
  private static final int EACH = 256;

  private Copy() {}

  static void naive(FloatArray x, FloatArray y, int n) {
    for (@Parallel int i = 0; i < n; i++) {
      y.set(i, x.get(i));
    }
  }

  static void runPerThread(KernelContext context, FloatArray x, FloatArray y, int n) {
    int first = context.globalIdx * EACH;
    int last = TornadoMath.min(n, first + EACH);
    for (int i = first; i < last; i++) {
      y.set(i, x.get(i));
    }
  }

  static void runPerGroup(KernelContext context, FloatArray x, FloatArray y, int n) {
    int first = context.groupIdx * GROUP * EACH + context.localIdx;
    for (int i = 0; i < EACH; i++) {
      int at = first + i * GROUP;
      if (at < n) {
        y.set(at, x.get(at));
      }
    }
  }

  // Plumbing: arguments, tasks and grids.

  /**
   * Arguments of a launch.
   *
   * @param x (N)
   * @param y (N), the result
   * @param n floats N
   */
  public record Arguments(FloatArray x, FloatArray y, int n) {}

  /** One float a work item. */
  public static final Version<Arguments> NAIVE =
      Version.parallel((graph, id, a) -> graph.task(id, Copy::naive, a.x, a.y, a.n));

  /** A run a work item. */
  public static final Version<Arguments> RUN_PER_THREAD =
      version("runPerThread", Version.Target.CPU, Copy::runPerThread);

  /** A run a workgroup. */
  public static final Version<Arguments> RUN_PER_GROUP =
      version("runPerGroup", Version.Target.GPU, Copy::runPerGroup);

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS =
      List.of(NAIVE, RUN_PER_THREAD, RUN_PER_GROUP);

  private static Version<Arguments> version(
      String name,
      Version.Target target,
      Task4<KernelContext, FloatArray, FloatArray, Integer> kernel) {
    return new Version<>(
        name,
        target,
        (graph, id, a) -> graph.task(id, kernel, new KernelContext(), a.x, a.y, a.n),
        (a, rows) -> Version.items(Math.ceilDiv(a.n, EACH), GROUP));
  }
}
