package gpt.kernels;

import gpt.kernels.runtime.KvCache;
import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Version;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task13;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * y[r, h] = softmax(q[r, h] · Kᵀ / √HS) · V,  where K and V are the keys and values of head h in
 * row r's sequence at positions 0 to position[r]; {@link QkvProjection} has already stored the
 * row's own in the KV cache
 *
 * shapes    q, y (R, NH·HS) · keys (L, B, NH, HS, T) · values (L, B, NH, T, HS), or halves: {@link KvCache}
 * bound     memory: for each position and head, 8·HS bytes (a key and a value) for 4·HS FLOPs. At a
 *           full context (T = 1024) GPT-2 reads 75 MB of them per token, and 500 MB of weights
 * threads   each head of a row is one softmax; the versions differ in how many work items share it
 * example   scores 1, 3, 2, 0: max 3, e^(score − max) = 0.135, 1, 0.368, 0.050, their sum 1.553, so
 *           softmax = 0.087, 0.644, 0.237, 0.032. Online (Milakov and Gimelshein, 2018), sums are relative
 *           to the largest score so far: 1 after the first score; the second is larger, so rescaled to
 *           1 · e^−2 + 1 = 1.135; then 1.135 + 0.368 = 1.503 and 1.503 + 0.050 = 1.553
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one channel of a head per work item. Each work item computes all scores
 *       twice, once for the maximum and once for the sums.
 *   <li>{@code headPerThread}: one head of a row per work item. The scores of 16 adjacent
 *       positions, of which a channel is contiguous in memory (vector loads), are rescaled
 *       together.
 *   <li>{@code headPerGroup}: one head of a row per workgroup of 128. For each tile of 128 keys,
 *       each lane computes the score of one key (coalesced), then sums its channels over the tile.
 *       Every lane computes the tile's maximum and sum: a tree would have a barrier in each round.
 * </ul>
 *
 * <p>With few rows, R·NH workgroups do not fill a GPU. For context windows longer than {@link
 * SplitAttention#CHUNK}, GPUs decode with {@link SplitAttention}, which divides the keys of a head
 * among workgroups. In prefill many queries share the same keys: {@link PrefillAttention}.
 *
 * <p>Read before: {@link Projection}. After: {@link SplitAttention}, {@link PrefillAttention}.
 *
 * <p>Source: nanoGPT's {@code CausalSelfAttention}; FlashAttention (Dao and others, 2022). Test:
 * {@code AttentionTest}. Benchmark: {@code scripts/bench --operations attention}.
 */
public final class Attention {
  /** The largest HS supported: the size of the arrays in local memory. */
  public static final int MAX_HEAD_SIZE = 256;

  /** Start of a maximum, below any score; kernels may not use −∞. */
  static final float MIN_SCORE = -1e30f;

  /** Number of keys whose scores {@code headPerThread} computes together. */
  static final int KEYS = 16;

  /** Workgroup size of {@code headPerGroup}. */
  static final int GROUP = 128;

  private Attention() {}

  /** The formula: channel i of the softmax over the keys 0 to {@code last} times the values. */
  private static float formula(
      FloatArray q,
      int from,
      FloatArray keys,
      FloatArray values,
      HalfFloatArray halfKeys,
      HalfFloatArray halfValues,
      int head,
      int i,
      int last,
      int headSize,
      long cache) {
    float scale = 1 / TornadoMath.sqrt(headSize);
    float max = MIN_SCORE;
    for (int t = 0; t <= last; t++) {
      float score = scale * score(q, from, keys, halfKeys, head, t, headSize, cache);
      max = TornadoMath.max(max, score);
    }
    float sum = 0;
    float weighted = 0;
    for (int t = 0; t <= last; t++) {
      float score = scale * score(q, from, keys, halfKeys, head, t, headSize, cache);
      float weight = TornadoMath.exp(score - max);
      sum += weight;
      int value = KvCache.valueIndex(cache, head, i, t, headSize);
      weighted += weight * KvCache.get(cache, values, halfValues, value);
    }
    return weighted / sum;
  }

  /** The dot product of a query and one key. */
  static float score(
      FloatArray q,
      int from,
      FloatArray keys,
      HalfFloatArray halfKeys,
      int head,
      int t,
      int headSize,
      long cache) {
    float score = 0;
    for (int i = 0; i < headSize; i++) {
      int key = KvCache.keyIndex(cache, head, i, t, headSize);
      score += q.get(from + i) * KvCache.get(cache, keys, halfKeys, key);
    }
    return score;
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
      FloatArray y,
      int maxRows,
      int headSize,
      long cache) {
    int heads = KvCache.heads(cache);
    for (@Parallel int r = 0; r < maxRows; r++) {
      for (@Parallel int channel = 0; channel < heads * headSize; channel++) {
        if (r < pass.get(Pass.ROWS)) {
          int h = channel / headSize;
          int head = KvCache.head(cache, pass.get(Pass.BLOCK), slots.get(r), h);
          int from = (r * heads + h) * headSize;
          int last = positions.get(r);
          int i = channel % headSize;
          float attended =
              formula(q, from, keys, values, halfKeys, halfValues, head, i, last, headSize, cache);
          y.set(from + i, attended);
        }
      }
    }
  }

  static void headPerThread(
      KernelContext context,
      IntArray pass,
      IntArray positions,
      IntArray slots,
      FloatArray q,
      FloatArray keys,
      FloatArray values,
      HalfFloatArray halfKeys,
      HalfFloatArray halfValues,
      FloatArray y,
      int maxRows,
      int headSize,
      long cache) {
    int heads = KvCache.heads(cache);
    float[] sums = new float[headSize];
    float[] scores = new float[KEYS];
    int r = context.globalIdx / heads;
    if (r < pass.get(Pass.ROWS)) {
      int h = context.globalIdx % heads;
      int head = KvCache.head(cache, pass.get(Pass.BLOCK), slots.get(r), h);
      int from = (r * heads + h) * headSize;
      int keyCount = positions.get(r) + 1;
      float scale = 1 / TornadoMath.sqrt(headSize);
      float max = MIN_SCORE;
      float sum = 0;
      for (int i = 0; i < headSize; i++) {
        sums[i] = 0;
      }
      for (int t = 0; t < keyCount; t += KEYS) {
        int count = TornadoMath.min(KEYS, keyCount - t);
        for (int j = 0; j < KEYS; j++) {
          scores[j] = 0;
        }
        for (int i = 0; i < headSize; i++) {
          float channel = q.get(from + i) * scale;
          int key = KvCache.keyIndex(cache, head, i, t, headSize);
          for (int j = 0; j < count; j++) {
            int at = key + j * KvCache.wordSize(cache);
            scores[j] += channel * KvCache.get(cache, keys, halfKeys, at);
          }
        }
        float oldMax = max;
        for (int j = 0; j < count; j++) {
          max = TornadoMath.max(max, scores[j]);
        }
        float rescale = TornadoMath.exp(oldMax - max);
        sum *= rescale;
        for (int i = 0; i < headSize; i++) {
          sums[i] *= rescale;
        }
        for (int j = 0; j < count; j++) {
          float weight = TornadoMath.exp(scores[j] - max);
          sum += weight;
          int value = KvCache.valueIndex(cache, head, 0, t + j, headSize);
          for (int i = 0; i < headSize; i++) {
            sums[i] += weight * KvCache.get(cache, values, halfValues, value + i);
          }
        }
      }
      for (int i = 0; i < headSize; i++) {
        y.set(from + i, sums[i] / sum);
      }
    }
  }

  static void headPerGroup(
      KernelContext context,
      IntArray pass,
      IntArray positions,
      IntArray slots,
      FloatArray q,
      FloatArray keys,
      FloatArray values,
      HalfFloatArray halfKeys,
      HalfFloatArray halfValues,
      FloatArray y,
      int maxRows,
      int headSize,
      long cache) {
    int heads = KvCache.heads(cache);
    float[] query = context.allocateFloatLocalArray(MAX_HEAD_SIZE);
    float[] sums = context.allocateFloatLocalArray(MAX_HEAD_SIZE);
    float[] weights = context.allocateFloatLocalArray(GROUP);
    int lane = context.localIdx;
    int r = context.groupIdx / heads;
    if (r < pass.get(Pass.ROWS)) {
      int h = context.groupIdx % heads;
      int head = KvCache.head(cache, pass.get(Pass.BLOCK), slots.get(r), h);
      int from = (r * heads + h) * headSize;
      int keyCount = positions.get(r) + 1;
      float scale = 1 / TornadoMath.sqrt(headSize);
      for (int i = lane; i < headSize; i += GROUP) {
        query[i] = q.get(from + i) * scale;
        sums[i] = 0;
      }
      context.localBarrier();
      float max = MIN_SCORE;
      float sum = 0;
      for (int t = 0; t < keyCount; t += GROUP) {
        int count = TornadoMath.min(GROUP, keyCount - t);
        float score = MIN_SCORE;
        if (lane < count) {
          // Coalesced: adjacent lanes read adjacent positions.
          score = 0;
          for (int i = 0; i < headSize; i++) {
            int key = KvCache.keyIndex(cache, head, i, t + lane, headSize);
            score += query[i] * KvCache.get(cache, keys, halfKeys, key);
          }
        }
        weights[lane] = score;
        context.localBarrier();
        float oldMax = max;
        for (int j = 0; j < count; j++) {
          max = TornadoMath.max(max, weights[j]);
        }
        context.localBarrier();
        weights[lane] = TornadoMath.exp(score - max);
        context.localBarrier();
        float rescale = TornadoMath.exp(oldMax - max);
        sum *= rescale;
        for (int j = 0; j < count; j++) {
          sum += weights[j];
        }
        for (int i = lane; i < headSize; i += GROUP) {
          float channel = sums[i] * rescale;
          for (int j = 0; j < count; j++) {
            int value = KvCache.valueIndex(cache, head, i, t + j, headSize);
            channel += weights[j] * KvCache.get(cache, values, halfValues, value);
          }
          sums[i] = channel;
        }
        context.localBarrier();
      }
      for (int i = lane; i < headSize; i += GROUP) {
        y.set(from + i, sums[i] / sum);
      }
    }
  }

  // Plumbing: arguments, tasks and grids.

  /**
   * Arguments of a launch.
   *
   * @param pass see {@link Pass}
   * @param positions position of each row in its sequence (R)
   * @param slots KV-cache slot of each row's sequence (R)
   * @param q (R, NH·HS)
   * @param cache keys and values
   * @param y (R, NH·HS), the result
   * @param maxRows capacity of q and y in rows
   * @param headSize HS, at most {@link #MAX_HEAD_SIZE}
   */
  public record Arguments(
      IntArray pass,
      IntArray positions,
      IntArray slots,
      FloatArray q,
      KvCache cache,
      FloatArray y,
      int maxRows,
      int headSize) {
    /** NH. */
    public int heads() {
      return cache.heads();
    }

    /** T. */
    public int contextLength() {
      return cache.contextLength();
    }
  }

  /** One channel per work item. */
  public static final Version<Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(
                  id,
                  Attention::naive,
                  a.pass,
                  a.positions,
                  a.slots,
                  a.q,
                  a.cache.keys(),
                  a.cache.values(),
                  a.cache.halfKeys(),
                  a.cache.halfValues(),
                  a.y,
                  a.maxRows,
                  a.headSize,
                  a.cache.shape()));

  /** One head of a row per work item. */
  public static final Version<Arguments> HEAD_PER_THREAD =
      version(
          "headPerThread",
          Version.Target.CPU,
          Attention::headPerThread,
          (a, rows) -> Version.groups(rows * a.heads(), 1));

  /** One head of a row per workgroup. */
  public static final Version<Arguments> HEAD_PER_GROUP =
      version(
          "headPerGroup",
          Version.Target.GPU,
          Attention::headPerGroup,
          (a, rows) -> Version.groups(rows * a.heads(), GROUP));

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS =
      List.of(NAIVE, HEAD_PER_THREAD, HEAD_PER_GROUP);

  static Version<Arguments> version(
      String name,
      Version.Target target,
      Task13<
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
              Long>
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
                a.pass,
                a.positions,
                a.slots,
                a.q,
                a.cache.keys(),
                a.cache.values(),
                a.cache.halfKeys(),
                a.cache.halfValues(),
                a.y,
                a.maxRows,
                a.headSize,
                a.cache.shape()),
        grid);
  }
}
