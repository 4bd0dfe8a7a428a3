package gpt.exercises;

import gpt.kernels.Exercises;
import gpt.kernels.runtime.Version;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * <pre>
 * Exercise 3: coalesced loads
 *
 * y[row] = Σ w[row, i] · x[i]
 *
 * shapes    as in exercise 1
 * threads   workgroup context.groupIdx computes row groupIdx with 32 work items, its lanes 0 to 31:
 *           lane j multiplies the elements j, j + 32, j + 64, …, so that in each round the lanes
 *           read 32 adjacent elements
 * example   k = 70: lane 0 has the elements 0, 32 and 64, lane 5 has 5, 37 and 69, lane 31 has 31 and 63
 * </pre>
 *
 * <p>Each lane stores its sum in sums, which the workgroup shares (local memory). After a barrier,
 * context.localBarrier(), which all 32 lanes must reach, lane 0 adds the 32 sums and stores the
 * result. There are exactly n workgroups, so no if for the row is needed.
 *
 * <p>Check it with {@code scripts/exercise 3}. Ladder ({@code kernels/gpt/kernels/README.md}):
 * matrix × vector, step 3.
 */
public final class Exercise03 {
  /** Work items of a workgroup. */
  private static final int LANES = 32;

  private Exercise03() {}

  static void rowPerGroup(
      KernelContext context, FloatArray x, FloatArray w, FloatArray y, int n, int k) {
    float[] sums = context.allocateFloatLocalArray(LANES);
    int row = context.groupIdx;
    int lane = context.localIdx;
    // your code
  }

  // How it is launched.

  /** The kernel with its arguments and its grid. */
  public static final Version<Exercises.Product> VERSION =
      new Version<>(
          "rowPerGroup",
          Version.Target.ANY,
          (graph, id, a) ->
              graph.task(
                  id,
                  Exercise03::rowPerGroup,
                  new KernelContext(),
                  a.x(),
                  a.w(),
                  a.y(),
                  a.n(),
                  a.k()),
          (a, rows) -> Version.groups(a.n(), LANES));
}
