package gpt.exercises;

import gpt.kernels.Exercises;
import gpt.kernels.runtime.Version;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * <pre>
 * Exercise 6: LayerNorm, two sums of a workgroup
 *
 * y[r, i] = (x[r, i] − mean) / √(variance + ε) · weights[i] + weights[c + i]
 *           mean = Σ x[r, i] / c,  variance = Σ (x[r, i] − mean)² / c,  each over row r
 *
 * shapes    x, y (rows, c) · weights (2, c): gain, then bias
 * threads   workgroup groupIdx normalizes row groupIdx with 128 lanes
 * </pre>
 *
 * <p>Two trees of sums, one after the other, in the same local array. A lane may not overwrite sums
 * for the second tree before all lanes have read the first one's result: that takes a barrier of
 * its own. The end of the kernel is there.
 *
 * <p>Check it with {@code scripts/exercise 6}. Ladder ({@code kernels/gpt/kernels/ladder-rows.md}):
 * LayerNorm, step 3.
 */
public final class Exercise06 {
  /** Work items of a workgroup; a power of 2. */
  private static final int LANES = 128;

  private Exercise06() {}

  static void rowPerGroup(
      KernelContext context, FloatArray x, FloatArray weights, FloatArray y, int c, float epsilon) {
    float[] sums = context.allocateFloatLocalArray(LANES);
    int lane = context.localIdx;
    int from = context.groupIdx * c;
    float mean = 0;
    float variance = 0;
    // solution
    for (int round = 0; round < 2; round++) {
      float sum = 0;
      for (int i = lane; i < c; i += LANES) {
        float d = x.get(from + i) - mean;
        if (round == 0) {
          sum += d;
        } else {
          sum += d * d;
        }
      }
      sums[lane] = sum;
      for (int half = LANES / 2; half > 0; half = half / 2) {
        context.localBarrier();
        if (lane < half) {
          sums[lane] = sums[lane] + sums[lane + half];
        }
      }
      context.localBarrier();
      if (round == 0) {
        mean = sums[0] / c;
      } else {
        variance = sums[0] / c;
      }
      context.localBarrier();
    }
    // end
    float inverse = 1 / TornadoMath.sqrt(variance + epsilon);
    for (int i = lane; i < c; i += LANES) {
      float normed = (x.get(from + i) - mean) * inverse;
      y.set(from + i, normed * weights.get(i) + weights.get(c + i));
    }
  }

  // How it is launched.

  /** The kernel with its arguments and its grid. */
  public static final Version<Exercises.Norm> VERSION =
      new Version<>(
          "rowPerGroup",
          Version.Target.ANY,
          (graph, id, a) ->
              graph.task(
                  id,
                  Exercise06::rowPerGroup,
                  new KernelContext(),
                  a.x(),
                  a.weights(),
                  a.y(),
                  a.c(),
                  a.epsilon()),
          (a, rows) -> Version.groups(a.rows(), LANES));
}
