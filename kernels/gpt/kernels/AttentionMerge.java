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
 * y[r, h] = Σ_c e^(top_c − top) · partial_c  /  Σ_c e^(top_c − top) · sum_c,   top = max_c top_c
 *
 * shapes    partial (R, NH, chunks, HS + 2), see {@link SplitAttention} · y (R, NH·HS)
 * bound     memory: 4·R·NH·chunks·(HS + 2) bytes; 13 kB for a row of GPT-2, so the launch is what it
 *           costs
 * threads   one channel of a head a work item; a chunk's weight is worked out again for each
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: the loops.
 *   <li>{@code channelPerThread}: the same with a grid that follows the number of rows.
 * </ul>
 *
 * <p>Source: Flash-Decoding (Dao and others, 2023). Test: {@code AttentionTest}. Benchmark: {@code
 * scripts/bench --operations attention-merge}.
 */
public final class AttentionMerge {
  private static final int THREADS = 64;

  /** One channel a work item. */
  public static final Version<SplitAttention.Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(
                  id,
                  AttentionMerge::naive,
                  a.of().pass(),
                  a.of().positions(),
                  a.partial(),
                  a.of().y(),
                  a.of().maxRows(),
                  a.of().heads(),
                  a.of().headSize(),
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
                  a.of().pass(),
                  a.of().positions(),
                  a.partial(),
                  a.of().y(),
                  a.of().heads(),
                  a.of().headSize(),
                  a.chunks()),
          (a, rows) -> Version.items(rows * a.of().heads() * a.of().headSize(), THREADS));

  /** All versions, the naive one first. */
  public static final List<Version<SplitAttention.Arguments>> VERSIONS =
      List.of(NAIVE, CHANNEL_PER_THREAD);

  private AttentionMerge() {}

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
        y.set(item, merged(partial, item, positions.get(r), headSize, chunks));
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
      y.set(item, merged(partial, item, positions.get(r), headSize, chunks));
    }
  }

  /** One channel: item is (r, h, i). */
  private static float merged(
      FloatArray partial, int item, int position, int headSize, int chunks) {
    int first = item / headSize * chunks;
    int used = position / SplitAttention.CHUNK + 1;
    int size = headSize + 2;
    float top = Attention.LOWEST;
    for (int chunk = first; chunk < first + used; chunk++) {
      top = TornadoMath.max(top, partial.get(chunk * size + headSize));
    }
    float sum = 0;
    float channel = 0;
    for (int chunk = first; chunk < first + used; chunk++) {
      float weight = TornadoMath.exp(partial.get(chunk * size + headSize) - top);
      sum += weight * partial.get(chunk * size + headSize + 1);
      channel += weight * partial.get(chunk * size + item % headSize);
    }
    return channel / sum;
  }
}
