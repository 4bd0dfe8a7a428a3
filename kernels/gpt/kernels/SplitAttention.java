package gpt.kernels;

import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Version;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task14;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * {@link Attention} over one chunk of a long context. For each chunk c of 256 keys:
 *
 *   max[r, h, c] = largest score,  sum[r, h, c] = Σ e^(score − max),
 *   partial[r, h, c] = Σ e^(score − max) · V
 *
 * {@link AttentionMerge} combines the chunks. These are two launches because there is no barrier between
 * workgroups.
 *
 * shapes    as {@link Attention}; partial (R, NH, chunks, HS + 2): the HS sums, then max, then sum;
 *           chunks = ⌈T / 256⌉
 * bound     memory: the bytes of {@link Attention}, plus 8·(HS + 2) for each chunk
 * threads   R · NH · chunks workgroups instead of R · NH: one sequence's 12 heads occupy 12 of a GPU's
 *           hundred multiprocessors, their chunks all of them
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one chunk a work item.
 *   <li>{@code chunkPerGroup}: one chunk a workgroup of 256, one key a lane, so that the chunk
 *       needs no online softmax: one maximum, one sum.
 * </ul>
 *
 * <p>A chunk past the row's last position is not written, and the merge does not read it.
 *
 * <p>Source: Flash-Decoding (Dao and others, 2023). Test: {@code AttentionTest}. Benchmark: {@code
 * scripts/bench --operations split-attention}.
 */
public final class SplitAttention {
  /** Keys of a chunk, and workgroup size. */
  public static final int CHUNK = 256;

  /**
   * Arguments of a launch.
   *
   * @param attention arguments of {@link Attention}; {@code y} is not accessed
   * @param partial (R, NH, chunks, HS + 2), the result
   */
  public record Arguments(Attention.Arguments attention, FloatArray partial) {
    /** Chunks of a full context. */
    int chunks() {
      return chunks(attention.contextLength());
    }

    /** Length of {@code partial} for {@code rows} rows. */
    public static int partialSize(int rows, int heads, int headSize, int contextLength) {
      return Math.toIntExact((long) rows * heads * chunks(contextLength) * (headSize + 2));
    }

    private static int chunks(int contextLength) {
      return Math.ceilDiv(contextLength, CHUNK);
    }
  }

  /** One chunk a work item. */
  public static final Version<Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(
                  id,
                  SplitAttention::naive,
                  a.attention.pass(),
                  a.attention.positions(),
                  a.attention.slots(),
                  a.attention.q(),
                  a.attention.keys(),
                  a.attention.values(),
                  a.partial,
                  a.attention.maxRows(),
                  a.attention.slotCount(),
                  a.attention.heads(),
                  a.attention.headSize(),
                  a.attention.contextLength(),
                  a.chunks()));

  /** One chunk a workgroup. */
  public static final Version<Arguments> CHUNK_PER_GROUP =
      version(
          "chunkPerGroup",
          Version.Target.GPU,
          SplitAttention::chunkPerGroup,
          (a, rows) -> Version.groups(a.chunks(), rows * a.attention.heads(), CHUNK));

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS = List.of(NAIVE, CHUNK_PER_GROUP);

  private SplitAttention() {}

  private static Version<Arguments> version(
      String name,
      Version.Target target,
      Task14<
              KernelContext,
              IntArray,
              IntArray,
              IntArray,
              FloatArray,
              FloatArray,
              FloatArray,
              FloatArray,
              Integer,
              Integer,
              Integer,
              Integer,
              Integer,
              Integer>
          kernel,
      Version.Grid<Arguments> grid) {
    return new Version<>(
        name,
        target,
        (graph, id, a) ->
            graph.task(
                id,
                kernel,
                new KernelContext(),
                a.attention.pass(),
                a.attention.positions(),
                a.attention.slots(),
                a.attention.q(),
                a.attention.keys(),
                a.attention.values(),
                a.partial,
                a.attention.maxRows(),
                a.attention.slotCount(),
                a.attention.heads(),
                a.attention.headSize(),
                a.attention.contextLength(),
                a.chunks()),
        grid);
  }

  static void naive(
      IntArray pass,
      IntArray positions,
      IntArray slots,
      FloatArray q,
      FloatArray keys,
      FloatArray values,
      FloatArray partial,
      int maxRows,
      int slotCount,
      int heads,
      int headSize,
      int contextLength,
      int chunks) {
    for (@Parallel int item = 0; item < maxRows * heads * chunks; item++) {
      int chunk = item % chunks;
      int r = item / chunks / heads;
      if (r < pass.get(Pass.ROWS)) {
        int keyCount = positions.get(r) + 1;
        int first = chunk * CHUNK;
        if (first < keyCount) {
          int h = item / chunks % heads;
          int head = (pass.get(Pass.BLOCK) * slotCount + slots.get(r)) * heads + h;
          int last = TornadoMath.min(first + CHUNK, keyCount);
          float scale = 1 / TornadoMath.sqrt(headSize);
          int from = (r * heads + h) * headSize;
          int out = item * (headSize + 2);
          float max = Attention.MIN_SCORE;
          for (int t = first; t < last; t++) {
            float score = 0;
            for (int i = 0; i < headSize; i++) {
              score += q.get(from + i) * keys.get((head * headSize + i) * contextLength + t);
            }
            max = TornadoMath.max(max, score * scale);
          }
          float sum = 0;
          for (int i = 0; i < headSize; i++) {
            partial.set(out + i, 0);
          }
          for (int t = first; t < last; t++) {
            float score = 0;
            for (int i = 0; i < headSize; i++) {
              score += q.get(from + i) * keys.get((head * headSize + i) * contextLength + t);
            }
            float weight = TornadoMath.exp(score * scale - max);
            sum += weight;
            for (int i = 0; i < headSize; i++) {
              float value = values.get((head * contextLength + t) * headSize + i);
              partial.set(out + i, partial.get(out + i) + weight * value);
            }
          }
          partial.set(out + headSize, max);
          partial.set(out + headSize + 1, sum);
        }
      }
    }
  }

  static void chunkPerGroup(
      KernelContext context,
      IntArray pass,
      IntArray positions,
      IntArray slots,
      FloatArray q,
      FloatArray keys,
      FloatArray values,
      FloatArray partial,
      int maxRows,
      int slotCount,
      int heads,
      int headSize,
      int contextLength,
      int chunks) {
    float[] query = context.allocateFloatLocalArray(Attention.MAX_HEAD_SIZE);
    float[] weights = context.allocateFloatLocalArray(CHUNK);
    int lane = context.localIdx;
    int r = context.groupIdy / heads;
    int h = context.groupIdy % heads;
    int first = context.groupIdx * CHUNK;
    if (r < pass.get(Pass.ROWS)) {
      int keyCount = positions.get(r) + 1;
      if (first < keyCount) {
        int head = (pass.get(Pass.BLOCK) * slotCount + slots.get(r)) * heads + h;
        int count = TornadoMath.min(CHUNK, keyCount - first);
        float scale = 1 / TornadoMath.sqrt(headSize);
        int from = (r * heads + h) * headSize;
        for (int i = lane; i < headSize; i += CHUNK) {
          query[i] = q.get(from + i) * scale;
        }
        context.localBarrier();
        float score = Attention.MIN_SCORE;
        if (lane < count) {
          score = 0;
          for (int i = 0; i < headSize; i++) {
            score += query[i] * keys.get((head * headSize + i) * contextLength + first + lane);
          }
        }
        weights[lane] = score;
        context.localBarrier();
        float max = Attention.MIN_SCORE;
        for (int j = 0; j < count; j++) {
          max = TornadoMath.max(max, weights[j]);
        }
        context.localBarrier();
        weights[lane] = TornadoMath.exp(score - max);
        context.localBarrier();
        int out = (context.groupIdy * chunks + context.groupIdx) * (headSize + 2);
        for (int i = lane; i < headSize; i += CHUNK) {
          float channel = 0;
          for (int j = 0; j < count; j++) {
            int value = (head * contextLength + first + j) * headSize;
            channel += weights[j] * values.get(value + i);
          }
          partial.set(out + i, channel);
        }
        if (lane == 0) {
          float sum = 0;
          for (int j = 0; j < count; j++) {
            sum += weights[j];
          }
          partial.set(out + headSize, max);
          partial.set(out + headSize + 1, sum);
        }
      }
    }
  }
}
