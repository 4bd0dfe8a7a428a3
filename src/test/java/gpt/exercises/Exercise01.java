package gpt.exercises;

import gpt.kernels.Exercises;
import gpt.kernels.runtime.Version;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * <pre>
 * Exercise 1: one row a work item
 *
 * y[row] = Σ w[row, i] · x[i],  the sum over i from 0 to k − 1
 *
 * shapes    w (n, k), row-major: w[row, i] is element row · k + i · x (k) · y (n)
 * threads   work item context.globalIdx computes row globalIdx
 * example   w = 1, 2, 3, 4 is (2, 2), its rows 1, 2 and 3, 4; with x = 5, 6 y is 17, 39
 * </pre>
 *
 * <p>Work items come in workgroups of 16, so the grid has up to 15 more work items than there are
 * rows: the if leaves those out.
 *
 * <p>Check it with {@code scripts/exercise 1}. Ladder ({@code kernels/gpt/kernels/README.md}):
 * matrix × vector, step 1.
 */
public final class Exercise01 {
  private Exercise01() {}

  static void rowPerThread(
      KernelContext context, FloatArray x, FloatArray w, FloatArray y, int n, int k) {
    int row = context.globalIdx;
    if (row < n) {
      // solution
      float sum = 0;
      for (int i = 0; i < k; i++) {
        sum += w.get(row * k + i) * x.get(i);
      }
      y.set(row, sum);
      // end
    }
  }

  // How it is launched.

  /** The kernel with its arguments and its grid. */
  public static final Version<Exercises.Product> VERSION =
      new Version<>(
          "rowPerThread",
          Version.Target.ANY,
          (graph, id, a) ->
              graph.task(
                  id,
                  Exercise01::rowPerThread,
                  new KernelContext(),
                  a.x(),
                  a.w(),
                  a.y(),
                  a.n(),
                  a.k()),
          (a, rows) -> Version.items(a.n(), 16));
}
