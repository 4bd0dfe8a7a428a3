package gpt.kernels;

import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Version;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task13;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * y[r, h] = softmax(q[r, h] · Kᵀ / √HS) · V over the keys and values that row r may see: those of its
 * own sample at positions 0 to position[r], which the pass has already written
 *
 * shapes    q, y (R, NH·HS) · keys (L, B, NH, HS, T) · values (L, B, NH, T, HS)
 * bound     memory: 8·HS bytes a key and head for 4·HS FLOPs, so a full context of GPT-2 (T 1024)
 *           reads 75 MB a token beside 500 MB of weights
 * threads   a head of a row is one softmax; the versions differ in how many work items share it
 * softmax   online (Milakov and Gimelshein, 2018): the largest score so far and the sum of
 *           exponentials relative to it; where a larger one comes, what was summed up is scaled down
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one channel of a head a work item, each of which computes all scores again,
 *       three times over: what the formula says.
 *   <li>{@code headPerThread}: one head of a row a work item, 16 keys at a time: their scores are
 *       summed up together, since neighbouring positions lie side by side, and the sum is scaled
 *       once for the 16.
 *   <li>{@code headPerGroup}: one head of a row a workgroup of 128: each lane one key of a tile,
 *       then each lane one channel. The largest score and the sum are found by every lane for
 *       itself: a tree would have fewer steps and a barrier in each.
 * </ul>
 *
 * Contexts longer than {@link SplitAttention#CHUNK} have few heads and many keys: {@link
 * SplitAttention} shares them among several groups. Prompts have many queries for the same keys:
 * {@link PrefillAttention}.
 *
 * <p>Source: nanoGPT's {@code CausalSelfAttention}; the tiles after FlashAttention (Dao and others,
 * 2022). Test: {@code AttentionTest}. Benchmark: {@code scripts/bench --operations attention}.
 */
public final class Attention {
  /** The largest HS that kernels have local memory for. */
  public static final int MAX_HEAD_SIZE = 256;

  /** Less than any score; the arithmetic has no −∞. */
  static final float LOWEST = -1e30f;

  /** Keys whose scores a work item sums up together. */
  static final int KEYS = 16;

  /** Lanes of {@code headPerGroup}. */
  static final int GROUP = 128;

  /**
   * What a launch takes.
   *
   * @param pass see {@link Pass}
   * @param positions of the rows in their contexts (R)
   * @param slots whose keys and values a row sees (R)
   * @param q (R, NH·HS)
   * @param keys (L, B, NH, HS, T)
   * @param values (L, B, NH, T, HS)
   * @param y (R, NH·HS), the result
   * @param maxRows rows that q and y have
   * @param samples B, samples that the cache has room for
   * @param heads NH
   * @param headSize HS, at most {@link #MAX_HEAD_SIZE}
   * @param contextLength T
   */
  public record Arguments(
      IntArray pass,
      IntArray positions,
      IntArray slots,
      FloatArray q,
      FloatArray keys,
      FloatArray values,
      FloatArray y,
      int maxRows,
      int samples,
      int heads,
      int headSize,
      int contextLength) {}

  /** One channel a work item. */
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
                  a.keys,
                  a.values,
                  a.y,
                  a.maxRows,
                  a.samples,
                  a.heads,
                  a.headSize,
                  a.contextLength));

  /** One head of a row a work item. */
  public static final Version<Arguments> HEAD_PER_THREAD =
      version(
          "headPerThread",
          Version.Target.CPU,
          Attention::headPerThread,
          (a, rows) -> Version.groups(rows * a.heads, 1));

  /** One head of a row a workgroup. */
  public static final Version<Arguments> HEAD_PER_GROUP =
      version(
          "headPerGroup",
          Version.Target.GPU,
          Attention::headPerGroup,
          (a, rows) -> Version.groups(rows * a.heads, GROUP));

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS =
      List.of(NAIVE, HEAD_PER_THREAD, HEAD_PER_GROUP);

  private Attention() {}

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
              FloatArray,
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
                a.pass,
                a.positions,
                a.slots,
                a.q,
                a.keys,
                a.values,
                a.y,
                a.maxRows,
                a.samples,
                a.heads,
                a.headSize,
                a.contextLength),
        grid);
  }

  static void naive(
      IntArray pass,
      IntArray positions,
      IntArray slots,
      FloatArray q,
      FloatArray keys,
      FloatArray values,
      FloatArray y,
      int maxRows,
      int samples,
      int heads,
      int headSize,
      int contextLength) {
    for (@Parallel int r = 0; r < maxRows; r++) {
      for (@Parallel int channel = 0; channel < heads * headSize; channel++) {
        if (r < pass.get(Pass.ROWS)) {
          int h = channel / headSize;
          int head = (pass.get(Pass.BLOCK) * samples + slots.get(r)) * heads + h;
          int from = (r * heads + h) * headSize;
          int last = positions.get(r);
          float scale = 1 / TornadoMath.sqrt(headSize);
          float top = LOWEST;
          for (int t = 0; t <= last; t++) {
            float score = scale * score(q, from, keys, head, t, headSize, contextLength);
            top = TornadoMath.max(top, score);
          }
          float sum = 0;
          float weighted = 0;
          for (int t = 0; t <= last; t++) {
            float score = scale * score(q, from, keys, head, t, headSize, contextLength);
            float weight = TornadoMath.exp(score - top);
            sum += weight;
            int value = (head * contextLength + t) * headSize + channel % headSize;
            weighted += weight * values.get(value);
          }
          y.set(r * heads * headSize + channel, weighted / sum);
        }
      }
    }
  }

  /** q · k of one key. */
  private static float score(
      FloatArray q, int from, FloatArray keys, int head, int t, int headSize, int contextLength) {
    float score = 0;
    for (int i = 0; i < headSize; i++) {
      score += q.get(from + i) * keys.get((head * headSize + i) * contextLength + t);
    }
    return score;
  }

  static void headPerThread(
      KernelContext context,
      IntArray pass,
      IntArray positions,
      IntArray slots,
      FloatArray q,
      FloatArray keys,
      FloatArray values,
      FloatArray y,
      int maxRows,
      int samples,
      int heads,
      int headSize,
      int contextLength) {
    float[] sums = new float[headSize];
    float[] scores = new float[KEYS];
    int r = context.globalIdx / heads;
    if (r < pass.get(Pass.ROWS)) {
      int h = context.globalIdx % heads;
      int head = (pass.get(Pass.BLOCK) * samples + slots.get(r)) * heads + h;
      int from = (r * heads + h) * headSize;
      int seen = positions.get(r) + 1;
      float scale = 1 / TornadoMath.sqrt(headSize);
      float top = LOWEST;
      float sum = 0;
      for (int i = 0; i < headSize; i++) {
        sums[i] = 0;
      }
      for (int t = 0; t < seen; t += KEYS) {
        int count = TornadoMath.min(KEYS, seen - t);
        for (int j = 0; j < KEYS; j++) {
          scores[j] = 0;
        }
        for (int i = 0; i < headSize; i++) {
          float channel = q.get(from + i) * scale;
          int key = (head * headSize + i) * contextLength + t;
          for (int j = 0; j < count; j++) {
            scores[j] += channel * keys.get(key + j);
          }
        }
        float before = top;
        for (int j = 0; j < count; j++) {
          top = TornadoMath.max(top, scores[j]);
        }
        float shrink = TornadoMath.exp(before - top);
        sum *= shrink;
        for (int i = 0; i < headSize; i++) {
          sums[i] *= shrink;
        }
        for (int j = 0; j < count; j++) {
          float weight = TornadoMath.exp(scores[j] - top);
          sum += weight;
          int value = (head * contextLength + t + j) * headSize;
          for (int i = 0; i < headSize; i++) {
            sums[i] += weight * values.get(value + i);
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
      FloatArray y,
      int maxRows,
      int samples,
      int heads,
      int headSize,
      int contextLength) {
    float[] query = context.allocateFloatLocalArray(MAX_HEAD_SIZE);
    float[] sums = context.allocateFloatLocalArray(MAX_HEAD_SIZE);
    float[] weights = context.allocateFloatLocalArray(GROUP);
    int lane = context.localIdx;
    int r = context.groupIdx / heads;
    if (r < pass.get(Pass.ROWS)) {
      int h = context.groupIdx % heads;
      int head = (pass.get(Pass.BLOCK) * samples + slots.get(r)) * heads + h;
      int from = (r * heads + h) * headSize;
      int seen = positions.get(r) + 1;
      float scale = 1 / TornadoMath.sqrt(headSize);
      for (int i = lane; i < headSize; i += GROUP) {
        query[i] = q.get(from + i) * scale;
        sums[i] = 0;
      }
      context.localBarrier();
      float top = LOWEST;
      float sum = 0;
      for (int t = 0; t < seen; t += GROUP) {
        int count = TornadoMath.min(GROUP, seen - t);
        float score = LOWEST;
        if (lane < count) {
          // Neighbouring lanes read neighbouring positions.
          score = 0;
          for (int i = 0; i < headSize; i++) {
            score += query[i] * keys.get((head * headSize + i) * contextLength + t + lane);
          }
        }
        weights[lane] = score;
        context.localBarrier();
        float before = top;
        for (int j = 0; j < count; j++) {
          top = TornadoMath.max(top, weights[j]);
        }
        context.localBarrier();
        weights[lane] = TornadoMath.exp(score - top);
        context.localBarrier();
        float shrink = TornadoMath.exp(before - top);
        sum *= shrink;
        for (int j = 0; j < count; j++) {
          sum += weights[j];
        }
        for (int i = lane; i < headSize; i += GROUP) {
          float channel = sums[i] * shrink;
          for (int j = 0; j < count; j++) {
            int value = (head * contextLength + t + j) * headSize;
            channel += weights[j] * values.get(value + i);
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
}
