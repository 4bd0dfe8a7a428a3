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
 * {@link Attention} over one chunk of a long context: for each chunk c of 256 keys
 *
 *   top[r, h, c] = largest score,  sum[r, h, c] = Σ e^(score − top),
 *   partial[r, h, c] = Σ e^(score − top) · V
 *
 * which {@link AttentionMerge} puts together. There is no barrier between workgroups, so the two are
 * two launches.
 *
 * shapes    as {@link Attention}; partial (R, NH, chunks, HS + 2): the sums, then top, then sum;
 *           chunks = ⌈T / 256⌉
 * bound     memory, as {@link Attention}: the same bytes, and 8·(HS + 2) a chunk more
 * threads   R · NH · chunks groups instead of R · NH: a GPU with a hundred multiprocessors has work
 *           for all of them from one sample's 12 heads
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one chunk a work item.
 *   <li>{@code chunkPerGroup}: one chunk a workgroup of 256, each lane one key: one maximum, one
 *       sum, nothing to scale down.
 * </ul>
 *
 * A chunk past the row's last position is left as it is, and the merge does not read it.
 *
 * <p>Source: Flash-Decoding (Dao and others, 2023). Test: {@code AttentionTest}. Benchmark: {@code
 * scripts/bench --operations split-attention}.
 */
public final class SplitAttention {
  /** Keys of a chunk, and lanes of a group. */
  public static final int CHUNK = 256;

  /**
   * What a launch takes.
   *
   * @param of what attention takes; its {@code y} is not touched
   * @param partial (R, NH, chunks, HS + 2), the result
   */
  public record Arguments(Attention.Arguments of, FloatArray partial) {
    /** Chunks of a full context. */
    int chunks() {
      return chunks(of.contextLength());
    }

    /** Floats of {@code partial} for so many rows. */
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
                  a.of.pass(),
                  a.of.positions(),
                  a.of.slots(),
                  a.of.q(),
                  a.of.keys(),
                  a.of.values(),
                  a.partial,
                  a.of.maxRows(),
                  a.of.samples(),
                  a.of.heads(),
                  a.of.headSize(),
                  a.of.contextLength(),
                  a.chunks()));

  /** One chunk a workgroup. */
  public static final Version<Arguments> CHUNK_PER_GROUP =
      version(
          "chunkPerGroup",
          Version.Target.GPU,
          SplitAttention::chunkPerGroup,
          (a, rows) -> Version.groups(a.chunks(), rows * a.of.heads(), CHUNK));

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
                a.of.pass(),
                a.of.positions(),
                a.of.slots(),
                a.of.q(),
                a.of.keys(),
                a.of.values(),
                a.partial,
                a.of.maxRows(),
                a.of.samples(),
                a.of.heads(),
                a.of.headSize(),
                a.of.contextLength(),
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
      int samples,
      int heads,
      int headSize,
      int contextLength,
      int chunks) {
    for (@Parallel int item = 0; item < maxRows * heads * chunks; item++) {
      int chunk = item % chunks;
      int r = item / chunks / heads;
      if (r < pass.get(Pass.ROWS)) {
        int seen = positions.get(r) + 1;
        int first = chunk * CHUNK;
        if (first < seen) {
          int h = item / chunks % heads;
          int head = (pass.get(Pass.BLOCK) * samples + slots.get(r)) * heads + h;
          int last = TornadoMath.min(first + CHUNK, seen);
          float scale = 1 / TornadoMath.sqrt(headSize);
          int from = (r * heads + h) * headSize;
          int out = item * (headSize + 2);
          float top = Attention.LOWEST;
          for (int t = first; t < last; t++) {
            float score = 0;
            for (int i = 0; i < headSize; i++) {
              score += q.get(from + i) * keys.get((head * headSize + i) * contextLength + t);
            }
            top = TornadoMath.max(top, score * scale);
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
            float weight = TornadoMath.exp(score * scale - top);
            sum += weight;
            for (int i = 0; i < headSize; i++) {
              float value = values.get((head * contextLength + t) * headSize + i);
              partial.set(out + i, partial.get(out + i) + weight * value);
            }
          }
          partial.set(out + headSize, top);
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
      int samples,
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
      int seen = positions.get(r) + 1;
      if (first < seen) {
        int head = (pass.get(Pass.BLOCK) * samples + slots.get(r)) * heads + h;
        int count = TornadoMath.min(CHUNK, seen - first);
        float scale = 1 / TornadoMath.sqrt(headSize);
        int from = (r * heads + h) * headSize;
        for (int i = lane; i < headSize; i += CHUNK) {
          query[i] = q.get(from + i) * scale;
        }
        context.localBarrier();
        float score = Attention.LOWEST;
        if (lane < count) {
          score = 0;
          for (int i = 0; i < headSize; i++) {
            score += query[i] * keys.get((head * headSize + i) * contextLength + first + lane);
          }
        }
        weights[lane] = score;
        context.localBarrier();
        float top = Attention.LOWEST;
        for (int j = 0; j < count; j++) {
          top = TornadoMath.max(top, weights[j]);
        }
        context.localBarrier();
        weights[lane] = TornadoMath.exp(score - top);
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
          partial.set(out + headSize, top);
          partial.set(out + headSize + 1, sum);
        }
      }
    }
  }
}
