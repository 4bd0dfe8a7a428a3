package gpt.kernels;

import gpt.kernels.runtime.KvCache;
import gpt.kernels.runtime.Matrix;
import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Version;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task14;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * {@link Attention} over one chunk of a long context. For each chunk c of 64 keys:
 *
 *   max[r, h, c] = largest score,  sum[r, h, c] = Σ e^(score − max),
 *   partial[r, h, c] = Σ e^(score − max) · V
 *
 * {@link AttentionMerge} combines the chunks. These are two launches because there is no barrier between
 * workgroups.
 *
 * shapes    as {@link Attention}; partial (R, NH, chunks, HS + 2): the HS sums, then max, then sum;
 *           chunks = ⌈T / 64⌉
 * bound     memory: the bytes of {@link Attention}, plus 8·(HS + 2) for each chunk
 * threads   R · NH · chunks workgroups instead of R · NH: one sequence's 12 heads occupy 12 of a GPU's
 *           hundred multiprocessors; 192 chunks of a full context occupy all of them
 * example   scores 1, 3, 2, 0 in chunks of two: the first has max 3 and sum e^−2 + 1 = 1.135, the second
 *           max 2 and sum 1 + e^−2 = 1.135. Merged: max 3, sum 1.135 + e^(2 − 3) · 1.135 = 1.553, as
 *           in {@link Attention}
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one chunk a work item.
 *   <li>{@code chunkPerGroup}: one chunk a workgroup of 128. For the scores, two lanes share a key
 *       and each sums half of the channels. For the values, the lanes are divided into channels ×
 *       key groups, 64 × 2 in GPT-2, so that all lanes load; the groups' sums are added at the end.
 *       With halves a lane loads a word of two channels: half as many loads for the scores, and 32
 *       words × 4 key groups. A chunk needs no online softmax: it has one maximum and one sum.
 * </ul>
 *
 * <p>In {@code chunkPerGroup}, lanes of keys past the row's last read the last key again, with
 * weight 0. So each loop has a constant number of independent loads, which the compiler unrolls.
 *
 * <p>A chunk past the row's last position is not written, and the merge does not read it.
 *
 * <p>Read before: {@link Attention}. After: {@link AttentionMerge}.
 *
 * <p>Source: Flash-Decoding (Dao and others, 2023). Test: {@code AttentionTest}. Benchmark: {@code
 * scripts/bench --operations split-attention}.
 */
public final class SplitAttention {
  /** Keys of a chunk. */
  public static final int CHUNK = 64;

  /** Workgroup size: two lanes for each key. */
  private static final int GROUP = 2 * CHUNK;

  private SplitAttention() {}

  /** The formula: the keys {@code first} to {@code end} − 1, its results at {@code out}. */
  private static void formula(
      FloatArray q,
      int from,
      FloatArray keys,
      FloatArray values,
      HalfFloatArray halfKeys,
      HalfFloatArray halfValues,
      int head,
      int first,
      int end,
      FloatArray partial,
      int out,
      int headSize,
      long cache) {
    float scale = 1 / TornadoMath.sqrt(headSize);
    float max = Attention.MIN_SCORE;
    for (int t = first; t < end; t++) {
      float score = Attention.score(q, from, keys, halfKeys, head, t, headSize, cache);
      max = TornadoMath.max(max, score * scale);
    }
    float sum = 0;
    for (int i = 0; i < headSize; i++) {
      partial.set(out + i, 0);
    }
    for (int t = first; t < end; t++) {
      float score = Attention.score(q, from, keys, halfKeys, head, t, headSize, cache);
      float weight = TornadoMath.exp(score * scale - max);
      sum += weight;
      for (int i = 0; i < headSize; i++) {
        int at = KvCache.valueIndex(cache, head, i, t, headSize);
        float value = KvCache.get(cache, values, halfValues, at);
        partial.set(out + i, partial.get(out + i) + weight * value);
      }
    }
    partial.set(out + headSize, max);
    partial.set(out + headSize + 1, sum);
  }

  static void naive(
      IntArray pass,
      IntArray positions,
      IntArray slots,
      FloatArray q,
      FloatArray keys,
      FloatArray values,
      HalfFloatArray halfKeys,
      HalfFloatArray halfValues,
      FloatArray partial,
      int maxRows,
      int headSize,
      long cache,
      int chunks) {
    int heads = KvCache.heads(cache);
    for (@Parallel int item = 0; item < maxRows * heads * chunks; item++) {
      int chunk = item % chunks;
      int r = item / chunks / heads;
      if (r < pass.get(Pass.ROWS)) {
        int keyCount = positions.get(r) + 1;
        int first = chunk * CHUNK;
        if (first < keyCount) {
          int h = item / chunks % heads;
          int head = KvCache.head(cache, pass.get(Pass.BLOCK), slots.get(r), h);
          int end = TornadoMath.min(first + CHUNK, keyCount);
          int from = (r * heads + h) * headSize;
          int out = item * (headSize + 2);
          formula(
              q,
              from,
              keys,
              values,
              halfKeys,
              halfValues,
              head,
              first,
              end,
              partial,
              out,
              headSize,
              cache);
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
      HalfFloatArray halfKeys,
      HalfFloatArray halfValues,
      FloatArray partial,
      int maxRows,
      int headSize,
      long cache,
      int chunks) {
    int heads = KvCache.heads(cache);
    int contextLength = KvCache.length(cache);
    int size = KvCache.wordSize(cache);
    int words = headSize / size;
    float[] query = context.allocateFloatLocalArray(Attention.MAX_HEAD_SIZE + 1);
    float[] scores = context.allocateFloatLocalArray(GROUP);
    float[] weights = context.allocateFloatLocalArray(GROUP);
    float[] channels = context.allocateFloatLocalArray(GROUP * size);
    float[] sums = context.allocateFloatLocalArray(GROUP);
    int lane = context.localIdx;
    int r = context.groupIdy / heads;
    int h = context.groupIdy % heads;
    int first = context.groupIdx * CHUNK;
    if (r < pass.get(Pass.ROWS)) {
      int keyCount = positions.get(r) + 1;
      if (first < keyCount) {
        int head = KvCache.head(cache, pass.get(Pass.BLOCK), slots.get(r), h);
        int out = (context.groupIdy * chunks + context.groupIdx) * (headSize + 2);
        float scale = 1 / TornadoMath.sqrt(headSize);
        int from = (r * heads + h) * headSize;
        for (int i = lane; i < headSize; i += GROUP) {
          query[i] = q.get(from + i) * scale;
        }
        context.localBarrier();

        // q · k: each of a key's two lanes sums half of the words.
        int key = lane % CHUNK;
        int half = words / 2;
        int word = lane / CHUNK * half;
        int at = (head * words + word) * contextLength;
        at += TornadoMath.min(first + key, keyCount - 1);
        float score = 0;
        for (int i = 0; i < half; i++) {
          int w = at + i * contextLength;
          score += query[(word + i) * size] * KvCache.first(cache, keys, halfKeys, w);
          if (size == 2) {
            score += query[(word + i) * size + 1] * Matrix.high(halfKeys, w);
          }
        }
        if (words % 2 == 1) {
          if (lane >= CHUNK) {
            int w = at + half * contextLength;
            score += query[(words - 1) * size] * KvCache.first(cache, keys, halfKeys, w);
            if (size == 2) {
              score += query[(words - 1) * size + 1] * Matrix.high(halfKeys, w);
            }
          }
        }
        channels[lane] = score;
        context.localBarrier();
        score = channels[key] + channels[CHUNK + key];
        if (first + key >= keyCount) {
          score = Attention.MIN_SCORE;
        }
        scores[lane] = score;
        context.localBarrier();
        float max = Attention.MIN_SCORE;
        for (int j = 0; j < CHUNK; j++) {
          max = TornadoMath.max(max, scores[j]);
        }
        float weight = TornadoMath.exp(score - max);
        if (lane >= CHUNK) {
          weight = 0; // the second lane of a key
        }
        weights[lane] = weight;
        context.localBarrier();

        // Σ weight · v: keys g, g + groups, … of a word.
        int groups = TornadoMath.max(1, GROUP / words);
        int g = lane / words;
        int value = head * contextLength * words;
        float sum = 0;
        if (words > GROUP) { // not with halves, of which a head has at most GROUP words
          for (int i = lane; i < headSize; i += GROUP) {
            float total = 0;
            for (int j = 0; j < CHUNK; j++) {
              int t = TornadoMath.min(first + j, keyCount - 1);
              total += weights[j] * values.get(value + t * headSize + i);
            }
            partial.set(out + i, total);
          }
          if (lane == 0) {
            for (int j = 0; j < CHUNK; j++) {
              sum += weights[j];
            }
            partial.set(out + headSize, max);
            partial.set(out + headSize + 1, sum);
          }
        } else {
          float total = 0;
          float second = 0;
          if (g < groups) {
            value += lane % words;
            for (int j = 0; j < (CHUNK + groups - 1) / groups; j++) {
              int t = TornadoMath.min(first + j * groups + g, keyCount - 1);
              float w = weights[j * groups + g];
              int v = value + t * words;
              sum += w;
              total += w * KvCache.first(cache, values, halfValues, v);
              if (size == 2) {
                second += w * Matrix.high(halfValues, v);
              }
            }
          }
          // Loops, not ifs, around the stores behind a barrier: PoCL 3.1 drops an if there.
          channels[lane * size] = total;
          if (size == 2) {
            channels[lane * size + 1] = second;
          }
          sums[lane] = sum;
          context.localBarrier();
          for (int i = lane; i < headSize; i += GROUP) {
            total = 0;
            for (int j = 0; j < groups; j++) {
              total += channels[j * headSize + i];
            }
            partial.set(out + i, total);
          }
          if (lane == 0) {
            sum = 0;
            for (int j = 0; j < groups; j++) {
              sum += sums[j * words];
            }
            partial.set(out + headSize, max);
            partial.set(out + headSize + 1, sum);
          }
        }
      }
    }
  }

  // Plumbing: arguments, tasks and grids.

  /**
   * Arguments of a launch.
   *
   * @param attention arguments of {@link Attention}; {@code y} is not accessed
   * @param partial (R, NH, chunks, HS + 2), the result
   * @param maxKeys the most keys that a row of the launches has: the grid covers their chunks
   */
  public record Arguments(Attention.Arguments attention, FloatArray partial, int maxKeys) {
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
                  a.attention.cache().keys(),
                  a.attention.cache().values(),
                  a.attention.cache().halfKeys(),
                  a.attention.cache().halfValues(),
                  a.partial,
                  a.attention.maxRows(),
                  a.attention.headSize(),
                  a.attention.cache().shape(),
                  a.chunks()));

  /** One chunk a workgroup. */
  public static final Version<Arguments> CHUNK_PER_GROUP =
      version(
          "chunkPerGroup",
          Version.Target.GPU,
          SplitAttention::chunkPerGroup,
          (a, rows) ->
              Version.groups(Arguments.chunks(a.maxKeys), rows * a.attention.heads(), GROUP));

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS = List.of(NAIVE, CHUNK_PER_GROUP);

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
              HalfFloatArray,
              HalfFloatArray,
              FloatArray,
              Integer,
              Integer,
              Long,
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
                a.attention.cache().keys(),
                a.attention.cache().values(),
                a.attention.cache().halfKeys(),
                a.attention.cache().halfValues(),
                a.partial,
                a.attention.maxRows(),
                a.attention.headSize(),
                a.attention.cache().shape(),
                a.chunks()),
        grid);
  }
}
