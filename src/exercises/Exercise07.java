package gpt.exercises;

import gpt.kernels.Exercises;
import gpt.kernels.runtime.Version;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * Exercise 7: choosing a token
 *
 * chosen[0] = the lowest id with the largest logit
 *
 * shapes    logits (v) · chosen (1)
 * threads   one workgroup of 128 lanes; lane j looks at the ids j, j + 128, j + 256, …
 * </pre>
 *
 * <p>First each lane finds its own largest logit and that logit's id, reading each logit once; then
 * a tree as in exercise 4 compares the lanes in pairs. Logits can be equal: then the lower id wins,
 * in a lane and between lanes. If there are fewer than 128 logits, some lanes have none: they too
 * store a value, MIN_LOGIT.
 *
 * <p>Check it with {@code scripts/exercise 7}. Ladder ({@code kernels/gpt/kernels/ladder-rows.md}):
 * choosing a token, step 2.
 */
public final class Exercise07 {
  /** Work items of a workgroup; a power of 2. */
  private static final int LANES = 128;

  /** Less than any logit. */
  static final float MIN_LOGIT = -1e30f;

  private Exercise07() {}

  static void greedy(KernelContext context, FloatArray logits, IntArray chosen, int v) {
    float[] largest = context.allocateFloatLocalArray(LANES);
    int[] ids = context.allocateIntLocalArray(LANES);
    int lane = context.localIdx;
    // your code
  }

  // How it is launched.

  /** The kernel with its arguments and its grid. */
  public static final Version<Exercises.Choice> VERSION =
      new Version<>(
          "greedy",
          Version.Target.ANY,
          (graph, id, a) ->
              graph.task(
                  id, Exercise07::greedy, new KernelContext(), a.logits(), a.chosen(), a.v()),
          (a, rows) -> Version.groups(1, LANES));
}
