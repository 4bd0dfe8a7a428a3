package gpt.kernels;

import gpt.kernels.runtime.KvCache;
import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Version;
import java.util.ArrayList;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * {@link Attention} for a prompt: the rows are consecutive positions of one sequence, so a block of queries
 * reads the same keys and values
 *
 * shapes    as {@link Attention}
 * bound     compute-bound: 2·R²·C FLOPs for R rows of an empty context, for 4·R²·C / Q bytes of keys and
 *           values, where Q is the number of queries that share a load
 * threads   a head and a block of Q rows, one online softmax for each row; causal mask: keys past a row's
 *           position get weight 0
 * example   rows at positions 4 to 7 are one block of 4: they attend to 5, 6, 7 and 8 keys, and each of the
 *           first 5 keys is loaded once for all four
 * </pre>
 *
 * <ul>
 *   <li>{@code naive} and the others of {@link Attention} are right for any rows.
 *   <li>{@code queriesPerThread}: 4 queries of a head a work item, 16 keys at a time.
 *   <li>{@code tiled}: 16 queries of a head a workgroup of 256. Tiles of 16 keys and values are
 *       staged in local memory, where each element is read 16 times.
 * </ul>
 *
 * <p>Read before: {@link Attention}, {@link BlockedProjection}. After: {@link CrossEntropy}.
 *
 * <p>Source: FlashAttention (Dao and others, 2022). Test: {@code AttentionTest}. Benchmark: {@code
 * scripts/bench --operations prefill-attention}.
 */
public final class PrefillAttention {
  /** Queries of a work item of {@code queriesPerThread}. */
  private static final int QUERIES = 4;

  /** Queries, and keys, of a tile of {@code tiled}. */
  private static final int TILE = 16;

  private static final int TILE_GROUP = TILE * TILE;

  private PrefillAttention() {}

  static void queriesPerThread(
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
    float[] sums = new float[QUERIES * headSize];
    float[] scores = new float[QUERIES * Attention.KEYS];
    float[] max = new float[QUERIES];
    float[] sum = new float[QUERIES];
    int rows = pass.get(Pass.ROWS);
    int first = context.globalIdx / heads * QUERIES;
    if (first < rows) {
      int h = context.globalIdx % heads;
      int head = KvCache.head(cache, pass.get(Pass.BLOCK), slots.get(first), h);
      int c = heads * headSize;
      int queries = TornadoMath.min(QUERIES, rows - first);
      int position = positions.get(first);
      int keyCount = position + queries;
      float scale = 1 / TornadoMath.sqrt(headSize);
      for (int m = 0; m < QUERIES; m++) {
        max[m] = Attention.MIN_SCORE;
        sum[m] = 0;
      }
      for (int i = 0; i < QUERIES * headSize; i++) {
        sums[i] = 0;
      }
      for (int t = 0; t < keyCount; t += Attention.KEYS) {
        int count = TornadoMath.min(Attention.KEYS, keyCount - t);
        for (int j = 0; j < QUERIES * Attention.KEYS; j++) {
          scores[j] = 0;
        }
        for (int i = 0; i < headSize; i++) {
          int key = KvCache.keyIndex(cache, head, i, t, headSize);
          for (int m = 0; m < queries; m++) {
            float channel = q.get((first + m) * c + h * headSize + i) * scale;
            for (int j = 0; j < count; j++) {
              int at = key + j * KvCache.wordSize(cache);
              scores[m * Attention.KEYS + j] += channel * KvCache.get(cache, keys, halfKeys, at);
            }
          }
        }
        for (int m = 0; m < queries; m++) {
          // Causal mask: of these keys the row attends to those up to its own position.
          int visible = TornadoMath.min(count, position + m + 1 - t);
          float oldMax = max[m];
          float newMax = oldMax;
          for (int j = 0; j < visible; j++) {
            newMax = TornadoMath.max(newMax, scores[m * Attention.KEYS + j]);
          }
          max[m] = newMax;
          float rescale = TornadoMath.exp(oldMax - newMax);
          sum[m] = sum[m] * rescale;
          for (int i = 0; i < headSize; i++) {
            sums[m * headSize + i] = sums[m * headSize + i] * rescale;
          }
          for (int j = 0; j < visible; j++) {
            float weight = TornadoMath.exp(scores[m * Attention.KEYS + j] - newMax);
            sum[m] = sum[m] + weight;
            int value = KvCache.valueIndex(cache, head, 0, t + j, headSize);
            for (int i = 0; i < headSize; i++) {
              float element = KvCache.get(cache, values, halfValues, value + i);
              sums[m * headSize + i] += weight * element;
            }
          }
        }
      }
      for (int m = 0; m < queries; m++) {
        for (int i = 0; i < headSize; i++) {
          y.set((first + m) * c + h * headSize + i, sums[m * headSize + i] / sum[m]);
        }
      }
    }
  }

  static void tiled(
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
    float[] queries = context.allocateFloatLocalArray(TILE * headSize);
    float[] keyTile = context.allocateFloatLocalArray(headSize * TILE);
    float[] valueTile = context.allocateFloatLocalArray(TILE * headSize);
    float[] weights = context.allocateFloatLocalArray(TILE * TILE);
    // A lane sums every 16th channel of its query.
    float[] sums = new float[(headSize + TILE - 1) / TILE];
    int lane = context.localIdx;
    int m = lane / TILE;
    int j = lane % TILE;
    int rows = pass.get(Pass.ROWS);
    int first = context.groupIdx / heads * TILE;
    if (first < rows) {
      int h = context.groupIdx % heads;
      int head = KvCache.head(cache, pass.get(Pass.BLOCK), slots.get(first), h);
      int c = heads * headSize;
      int position = positions.get(first);
      int count = TornadoMath.min(TILE, rows - first);
      float scale = 1 / TornadoMath.sqrt(headSize);
      for (int e = lane; e < TILE * headSize; e += TILE_GROUP) {
        float channel = 0;
        if (e / headSize < count) {
          channel = q.get((first + e / headSize) * c + h * headSize + e % headSize) * scale;
        }
        queries[e] = channel;
      }
      for (int i = 0; i < (headSize + TILE - 1) / TILE; i++) {
        sums[i] = 0;
      }
      float max = Attention.MIN_SCORE;
      float sum = 0;
      int keyCount = position + count;
      for (int t = 0; t < keyCount; t += TILE) {
        for (int e = lane; e < TILE * headSize; e += TILE_GROUP) {
          float key = 0;
          float value = 0;
          if (t + e % TILE < keyCount) {
            int at = KvCache.keyIndex(cache, head, e / TILE, t + e % TILE, headSize);
            key = KvCache.get(cache, keys, halfKeys, at);
          }
          if (t + e / headSize < keyCount) {
            int at = KvCache.valueIndex(cache, head, e, t, headSize);
            value = KvCache.get(cache, values, halfValues, at);
          }
          keyTile[e] = key;
          valueTile[e] = value;
        }
        context.localBarrier();
        float score = Attention.MIN_SCORE;
        if (t + j <= position + m) {
          score = 0;
          for (int i = 0; i < headSize; i++) {
            score += queries[m * headSize + i] * keyTile[i * TILE + j];
          }
        }
        weights[lane] = score;
        context.localBarrier();
        float oldMax = max;
        for (int i = 0; i < TILE; i++) {
          max = TornadoMath.max(max, weights[m * TILE + i]);
        }
        context.localBarrier();
        float weight = 0;
        if (t + j <= position + m) {
          weight = TornadoMath.exp(score - max);
        }
        weights[lane] = weight;
        context.localBarrier();
        float rescale = TornadoMath.exp(oldMax - max);
        sum *= rescale;
        for (int i = 0; i < TILE; i++) {
          sum += weights[m * TILE + i];
        }
        for (int i = 0; i < (headSize + TILE - 1) / TILE; i++) {
          int channel = i * TILE + j;
          if (channel < headSize) {
            float part = sums[i] * rescale;
            for (int n = 0; n < TILE; n++) {
              part += weights[m * TILE + n] * valueTile[n * headSize + channel];
            }
            sums[i] = part;
          }
        }
        context.localBarrier();
      }
      if (m < count) {
        for (int i = 0; i < (headSize + TILE - 1) / TILE; i++) {
          int channel = i * TILE + j;
          if (channel < headSize) {
            y.set((first + m) * c + h * headSize + channel, sums[i] / sum);
          }
        }
      }
    }
  }

  // Plumbing: arguments, tasks and grids.

  /** 4 queries of a head a work item. */
  public static final Version<Attention.Arguments> QUERIES_PER_THREAD =
      Attention.version(
          "queriesPerThread",
          Version.Target.CPU,
          PrefillAttention::queriesPerThread,
          (a, rows) -> Version.groups(Math.ceilDiv(rows, QUERIES) * a.heads(), 1));

  /** 16 queries of a head a workgroup. */
  public static final Version<Attention.Arguments> TILED =
      Attention.version(
          "tiled",
          Version.Target.GPU,
          PrefillAttention::tiled,
          (a, rows) -> Version.groups(Math.ceilDiv(rows, TILE) * a.heads(), TILE_GROUP));

  /** All versions, those of {@link Attention} first, which are right for a prompt too. */
  public static final List<Version<Attention.Arguments>> VERSIONS = versions();

  private static List<Version<Attention.Arguments>> versions() {
    List<Version<Attention.Arguments>> all = new ArrayList<>(Attention.VERSIONS);
    all.addAll(List.of(QUERIES_PER_THREAD, TILED));
    return List.copyOf(all);
  }
}
