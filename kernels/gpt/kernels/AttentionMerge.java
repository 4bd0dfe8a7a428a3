package gpt.kernels;

import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Version;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * Combines the chunks of {@link SplitAttention}:
 *
 * y[r, h] = Σ_c e^(max_c − max) · partial_c  /  Σ_c e^(max_c − max) · sum_c,   max = max over c of max_c
 *
 * shapes    partial (R, NH, chunks, HS + 2), see {@link SplitAttention} · y (R, NH·HS)
 * bound     memory: 4·R·NH·chunks·(HS + 2) bytes; 51 kB for a row of GPT-2 with a full context:
 *           launch-bound
 * threads   one channel of a head a work item, which recomputes the factors of the chunks
 * example   two chunks with max 3 and 2, sum 1.135 and 1.135, partial 21.35 and 35.41: factors 1 and
 *           e^(2 − 3) = 0.368, so (21.35 + 0.368 · 35.41) / (1.135 + 0.368 · 1.135) = 34.38 / 1.553 = 22.14
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: the loops.
 *   <li>{@code channelPerThread}: the same with a grid for the rows of the step.
 * </ul>
 *
 * <p>Read before: {@link SplitAttention}. After: {@link ResidualProjection}.
 *
 * <p>Source: Flash-Decoding (Dao and others, 2023). Test: {@code AttentionTest}. Benchmark: {@code
 * scripts/bench --operations attention-merge}.
 */
public final class AttentionMerge {
  private static final int THREADS = 64;

  private AttentionMerge() {}

  /** The formula for one channel; item is the index of (r, h, i) in y. */
  static float merged(FloatArray partial, int item, int position, int headSize, int chunks) {
    int first = item / headSize * chunks;
    int used = position / SplitAttention.CHUNK + 1;
    int size = headSize + 2;
    float max = Attention.MIN_SCORE;
    for (int chunk = first; chunk < first + used; chunk++) {
      max = TornadoMath.max(max, partial.get(chunk * size + headSize));
    }
    float sum = 0;
    float channel = 0;
    for (int chunk = first; chunk < first + used; chunk++) {
      float weight = TornadoMath.exp(partial.get(chunk * size + headSize) - max);
      sum += weight * partial.get(chunk * size + headSize + 1);
      channel += weight * partial.get(chunk * size + item % headSize);
    }
    return channel / sum;
  }

  static void naive(
      IntArray pass,
      IntArray positions,
      FloatArray partial,
      FloatArray y,
      int maxRows,
      int heads,
      int headSize,
      int chunks) {
    for (@Parallel int item = 0; item < maxRows * heads * headSize; item++) {
      int r = item / headSize / heads;
      if (r < pass.get(Pass.ROWS)) {
        if (positions.get(r) >= Source.MERGED_KEYS) {
          y.set(item, merged(partial, item, positions.get(r), headSize, chunks));
        }
      }
    }
  }

  static void channelPerThread(
      KernelContext context,
      IntArray pass,
      IntArray positions,
      FloatArray partial,
      FloatArray y,
      int heads,
      int headSize,
      int chunks) {
    int item = context.globalIdx;
    int r = item / headSize / heads;
    if (r < pass.get(Pass.ROWS)) {
      if (positions.get(r) >= Source.MERGED_KEYS) {
        y.set(item, merged(partial, item, positions.get(r), headSize, chunks));
      }
    }
  }

  // Plumbing: arguments, tasks and grids.

  /** One channel a work item. */
  public static final Version<SplitAttention.Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(
                  id,
                  AttentionMerge::naive,
                  a.attention().pass(),
                  a.attention().positions(),
                  a.partial(),
                  a.attention().y(),
                  a.attention().maxRows(),
                  a.attention().heads(),
                  a.attention().headSize(),
                  a.chunks()));

  /** One channel a work item. */
  public static final Version<SplitAttention.Arguments> CHANNEL_PER_THREAD =
      new Version<>(
          "channelPerThread",
          Version.Target.GPU,
          (graph, id, a) ->
              graph.task(
                  id,
                  AttentionMerge::channelPerThread,
                  new KernelContext(),
                  a.attention().pass(),
                  a.attention().positions(),
                  a.partial(),
                  a.attention().y(),
                  a.attention().heads(),
                  a.attention().headSize(),
                  a.chunks()),
          (a, rows) ->
              Version.items(rows * a.attention().heads() * a.attention().headSize(), THREADS));

  /** All versions, the naive one first. */
  public static final List<Version<SplitAttention.Arguments>> VERSIONS =
      List.of(NAIVE, CHANNEL_PER_THREAD);
}
