package gpt.exercises;

import gpt.kernels.Exercises;
import gpt.kernels.runtime.Version;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * <pre>
 * Exercise 2: four sums
 *
 * y[row] = Σ w[row, i] · x[i]
 *
 * shapes    as in exercise 1
 * threads   as in exercise 1
 * </pre>
 *
 * <p>One sum makes each multiply-add wait for the one before it. Keep four sums, of the elements i,
 * i + 1, i + 2 and i + 3, and add them at the end. k need not be a multiple of 4: a second loop
 * takes what is left. The checker recognizes a single sum by its last bits.
 *
 * <p>Check it with {@code scripts/exercise 2}. Ladder ({@code kernels/gpt/kernels/README.md}):
 * matrix × vector, step 2.
 */
public final class Exercise02 {
  private Exercise02() {}

  static void fourSums(
      KernelContext context, FloatArray x, FloatArray w, FloatArray y, int n, int k) {
    int row = context.globalIdx;
    if (row < n) {
      // your code
    }
  }

  // How it is launched.

  /** The kernel with its arguments and its grid. */
  public static final Version<Exercises.Product> VERSION =
      new Version<>(
          "fourSums",
          Version.Target.ANY,
          (graph, id, a) ->
              graph.task(
                  id, Exercise02::fourSums, new KernelContext(), a.x(), a.w(), a.y(), a.n(), a.k()),
          (a, rows) -> Version.items(a.n(), 16));
}
