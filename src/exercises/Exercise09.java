package gpt.exercises;

import gpt.kernels.Exercises;
import gpt.kernels.runtime.Version;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * <pre>
 * Exercise 9: online softmax
 *
 * y[h] = Σ_j weight[j] · values[h, j],   weight = softmax over the t keys j of q[h] · keys[h, ·, j] / √headSize
 *
 * shapes    q, y (heads, headSize) · keys (heads, headSize, t): keys[h, i, j], channel i of key j, is
 *           element (h · headSize + i) · t + j · values (heads, t, headSize): values[h, j, i] is element
 *           (h · t + j) · headSize + i
 * threads   work item globalIdx computes head globalIdx
 * </pre>
 *
 * <p>In one pass over the keys: keep the largest score so far, the sum of e^(score − largest), and
 * the weighted sum of the values. When a larger score comes, multiply both sums by e^(old largest −
 * new largest) first. TornadoMath has exp, max and sqrt; the largest score starts at MIN_SCORE,
 * since a kernel must not compute infinities. sums is an array of the work item's own, which
 * TornadoVM does not fill with zeros as Java does.
 *
 * <p>Check it with {@code scripts/exercise 9}. Ladder ({@code kernels/gpt/kernels/ladder-rows.md}):
 * attention, step 3.
 */
public final class Exercise09 {
  /** The largest headSize. */
  private static final int MAX_HEAD_SIZE = 64;

  /** Less than any score. */
  static final float MIN_SCORE = -1e30f;

  private Exercise09() {}

  static void headPerThread(
      KernelContext context,
      FloatArray q,
      FloatArray keys,
      FloatArray values,
      FloatArray y,
      int heads,
      int headSize,
      int t) {
    float[] sums = new float[MAX_HEAD_SIZE];
    int h = context.globalIdx;
    float scale = 1 / TornadoMath.sqrt(headSize);
    if (h < heads) {
      // your code
    }
  }

  // How it is launched.

  /** The kernel with its arguments and its grid. */
  public static final Version<Exercises.Heads> VERSION =
      new Version<>(
          "headPerThread",
          Version.Target.ANY,
          (graph, id, a) ->
              graph.task(
                  id,
                  Exercise09::headPerThread,
                  new KernelContext(),
                  a.q(),
                  a.keys(),
                  a.values(),
                  a.y(),
                  a.heads(),
                  a.headSize(),
                  a.t()),
          (a, rows) -> Version.groups(a.heads(), 1));
}
