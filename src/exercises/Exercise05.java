package gpt.exercises;

import gpt.kernels.Exercises;
import gpt.kernels.runtime.Version;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * <pre>
 * Exercise 5: shuffles
 *
 * y[row] = Σ w[row, i] · x[i]
 *
 * shapes    as in exercise 1
 * threads   a workgroup has 128 work items, which are 4 warps of 32 lanes; a warp computes a row
 * </pre>
 *
 * <p>context.simdSum(value) adds the values of a warp's 32 lanes without local memory or barriers,
 * and returns the sum to each of them. All lanes of the warp must call it, also those of a row that
 * does not exist.
 *
 * <p>On OpenCL devices simdSum returns its argument, so this kernel is right on the emulator, CUDA,
 * PTX and Metal only.
 *
 * <p>Check it with {@code scripts/exercise 5}. Ladder ({@code kernels/gpt/kernels/README.md}):
 * matrix × vector, step 5.
 */
public final class Exercise05 {
  /** Work items of a warp. */
  private static final int LANES = 32;

  private Exercise05() {}

  static void rowPerWarp(
      KernelContext context, FloatArray x, FloatArray w, FloatArray y, int n, int k) {
    int row = context.globalIdx / LANES;
    int lane = context.globalIdx % LANES;
    // your code
  }

  // How it is launched.

  /** The kernel with its arguments and its grid. */
  public static final Version<Exercises.Product> VERSION =
      new Version<>(
          "rowPerWarp",
          Version.Target.ANY,
          (graph, id, a) ->
              graph.task(
                  id,
                  Exercise05::rowPerWarp,
                  new KernelContext(),
                  a.x(),
                  a.w(),
                  a.y(),
                  a.n(),
                  a.k()),
          (a, rows) -> Version.items(a.n() * LANES, 4 * LANES));
}
