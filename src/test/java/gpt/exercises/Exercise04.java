package gpt.exercises;

import gpt.kernels.Exercises;
import gpt.kernels.runtime.Version;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * <pre>
 * Exercise 4: a tree of sums
 *
 * y[row] = Σ w[row, i] · x[i]
 *
 * shapes    as in exercise 1
 * threads   workgroup groupIdx computes row groupIdx with 128 lanes
 * </pre>
 *
 * <p>The sums of the lanes are there. Add them in 7 rounds: in the first, lane j below 64 adds
 * sums[j + 64] to its own; in the next, lane j below 32 adds sums[j + 32]; and so on. Each round
 * reads what other lanes have written in the round before, so there is a barrier before each,
 * outside of any if that only some lanes enter. Then one lane stores sums[0].
 *
 * <p>Check it with {@code scripts/exercise 4}. Ladder ({@code kernels/gpt/kernels/README.md}):
 * matrix × vector, step 4.
 */
public final class Exercise04 {
  /** Work items of a workgroup; a power of 2. */
  private static final int LANES = 128;

  private Exercise04() {}

  static void treeOfSums(
      KernelContext context, FloatArray x, FloatArray w, FloatArray y, int n, int k) {
    float[] sums = context.allocateFloatLocalArray(LANES);
    int row = context.groupIdx;
    int lane = context.localIdx;
    float sum = 0;
    for (int i = lane; i < k; i += LANES) {
      sum += w.get(row * k + i) * x.get(i);
    }
    sums[lane] = sum;
    // solution
    for (int half = LANES / 2; half > 0; half = half / 2) {
      context.localBarrier();
      if (lane < half) {
        sums[lane] = sums[lane] + sums[lane + half];
      }
    }
    context.localBarrier();
    if (lane == 0) {
      y.set(row, sums[0]);
    }
    // end
  }

  // How it is launched.

  /** The kernel with its arguments and its grid. */
  public static final Version<Exercises.Product> VERSION =
      new Version<>(
          "treeOfSums",
          Version.Target.ANY,
          (graph, id, a) ->
              graph.task(
                  id,
                  Exercise04::treeOfSums,
                  new KernelContext(),
                  a.x(),
                  a.w(),
                  a.y(),
                  a.n(),
                  a.k()),
          (a, rows) -> Version.groups(a.n(), LANES));
}
