package gpt.exercises;

import gpt.kernels.Exercises;
import gpt.kernels.runtime.Version;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * <pre>
 * Exercise 10: split attention
 *
 * For each chunk of 64 keys of a head, with the scores of exercise 9:
 *
 *   partial[h, chunk] = Σ_j e^(score[j] − max) · values[h, j]   (headSize numbers),
 *                       then max = the largest score, then Σ_j e^(score[j] − max)
 *
 * shapes    as exercise 9; partial (heads, chunks, headSize + 2), chunks = ⌈t / 64⌉
 * threads   workgroup (groupIdx, groupIdy) computes chunk groupIdx of head groupIdy with 64 lanes.
 *           For the scores lane j has key j of the chunk; for the values lane i has channel i
 * </pre>
 *
 * <p>The lanes exchange scores in local memory, and then the weights e^(score − max), in the same
 * array or in one more. The last chunk may have fewer than 64 keys. headSize is at most 64, so with
 * less, some lanes have no channel. A chunk has one maximum, so no sum is ever rescaled. Another
 * kernel merges the chunks (AttentionMerge).
 *
 * <p>Check it with {@code scripts/exercise 10}. Ladder ({@code
 * kernels/gpt/kernels/ladder-rows.md}): attention, step 5.
 */
public final class Exercise10 {
  /** Keys of a chunk, and work items of a workgroup. */
  private static final int CHUNK = 64;

  /** Less than any score. */
  static final float MIN_SCORE = -1e30f;

  private Exercise10() {}

  static void chunkPerGroup(
      KernelContext context,
      FloatArray q,
      FloatArray keys,
      FloatArray values,
      FloatArray partial,
      int headSize,
      int t,
      int chunks) {
    float[] scores = context.allocateFloatLocalArray(CHUNK);
    int lane = context.localIdx;
    int h = context.groupIdy;
    int first = context.groupIdx * CHUNK;
    int out = (h * chunks + context.groupIdx) * (headSize + 2);
    float scale = 1 / TornadoMath.sqrt(headSize);
    // solution
    int count = TornadoMath.min(CHUNK, t - first);
    float score = MIN_SCORE;
    if (lane < count) {
      score = 0;
      for (int i = 0; i < headSize; i++) {
        score += q.get(h * headSize + i) * keys.get((h * headSize + i) * t + first + lane);
      }
      score = score * scale;
    }
    scores[lane] = score;
    context.localBarrier();
    float max = MIN_SCORE;
    for (int j = 0; j < count; j++) {
      max = TornadoMath.max(max, scores[j]);
    }
    context.localBarrier(); // all lanes must read the scores before the weights replace them
    scores[lane] = TornadoMath.exp(score - max);
    context.localBarrier();
    float sum = 0;
    float total = 0;
    for (int j = 0; j < count; j++) {
      sum += scores[j];
      if (lane < headSize) {
        total += scores[j] * values.get((h * t + first + j) * headSize + lane);
      }
    }
    if (lane < headSize) {
      partial.set(out + lane, total);
    }
    if (lane == 0) {
      partial.set(out + headSize, max);
      partial.set(out + headSize + 1, sum);
    }
    // end
  }

  // How it is launched.

  /** The kernel with its arguments and its grid. */
  public static final Version<Exercises.Chunks> VERSION =
      new Version<>(
          "chunkPerGroup",
          Version.Target.ANY,
          (graph, id, a) ->
              graph.task(
                  id,
                  Exercise10::chunkPerGroup,
                  new KernelContext(),
                  a.q(),
                  a.keys(),
                  a.values(),
                  a.partial(),
                  a.headSize(),
                  a.t(),
                  a.chunks()),
          (a, rows) -> Version.groups(a.chunks(), a.heads(), CHUNK));
}
