package gpt.kernels;

import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * keys and values of sample 0, positions 0 to position[rowOf[0]], for samples 1 to B − 1 too: a prompt
 * that they share is computed once
 *
 * shapes    keys (L, B, NH, HS, T) · values (L, B, NH, T, HS)
 * bound     memory: 16·(B − 1)·T·L·C bytes at most
 * threads   one position of one channel of one block a work item, for all samples
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: the loops.
 *   <li>{@code positionPerThread}: positions side by side, as keys lie; a value's channels are T
 *       elements apart for neighbouring work items, which once a text does not matter.
 * </ul>
 *
 * <p>Test: {@code PassTest}. Benchmark: {@code scripts/bench-kernels cache-copy}.
 */
public final class CacheCopy {
  private static final int THREADS = 64;

  /**
   * What a launch takes.
   *
   * @param pass see {@link Pass}
   * @param positions of the prompt's rows
   * @param rowOf rowOf[0] is the prompt's last row
   * @param keys (L, B, NH, HS, T)
   * @param values (L, B, NH, T, HS)
   * @param blocks L
   * @param samples B
   * @param heads NH
   * @param headSize HS
   * @param contextLength T
   */
  public record Arguments(
      IntArray pass,
      IntArray positions,
      IntArray rowOf,
      FloatArray keys,
      FloatArray values,
      int blocks,
      int samples,
      int heads,
      int headSize,
      int contextLength) {}

  /** The loops. */
  public static final Version<Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(
                  id,
                  CacheCopy::naive,
                  a.pass,
                  a.positions,
                  a.rowOf,
                  a.keys,
                  a.values,
                  a.blocks,
                  a.samples,
                  a.heads,
                  a.headSize,
                  a.contextLength));

  /** One position of a channel a work item. */
  public static final Version<Arguments> POSITION_PER_THREAD =
      new Version<>(
          "positionPerThread",
          Version.Target.GPU,
          (graph, id, a) ->
              graph.task(
                  id,
                  CacheCopy::positionPerThread,
                  new KernelContext(),
                  a.pass,
                  a.positions,
                  a.rowOf,
                  a.keys,
                  a.values,
                  a.samples,
                  a.heads,
                  a.headSize,
                  a.contextLength),
          (a, rows) ->
              Version.groups(
                  Math.ceilDiv(rows, THREADS), a.blocks * a.heads * a.headSize, THREADS));

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS = List.of(NAIVE, POSITION_PER_THREAD);

  private CacheCopy() {}

  static void naive(
      IntArray pass,
      IntArray positions,
      IntArray rowOf,
      FloatArray keys,
      FloatArray values,
      int blocks,
      int samples,
      int heads,
      int headSize,
      int contextLength) {
    for (@Parallel int channel = 0; channel < blocks * heads * headSize; channel++) {
      for (@Parallel int t = 0; t < contextLength; t++) {
        if (t <= positions.get(rowOf.get(0))) {
          copy(pass, keys, values, channel, t, samples, heads, headSize, contextLength);
        }
      }
    }
  }

  static void positionPerThread(
      KernelContext context,
      IntArray pass,
      IntArray positions,
      IntArray rowOf,
      FloatArray keys,
      FloatArray values,
      int samples,
      int heads,
      int headSize,
      int contextLength) {
    int t = context.globalIdx;
    if (t <= positions.get(rowOf.get(0))) {
      copy(pass, keys, values, context.globalIdy, t, samples, heads, headSize, contextLength);
    }
  }

  /**
   * One position of one channel.
   *
   * @param channel (l, h, i)
   */
  private static void copy(
      IntArray pass,
      FloatArray keys,
      FloatArray values,
      int channel,
      int t,
      int samples,
      int heads,
      int headSize,
      int contextLength) {
    int block = channel / (heads * headSize);
    int ofBlock = channel % (heads * headSize);
    int h = ofBlock / headSize;
    int i = ofBlock % headSize;
    int first = block * samples * heads + h;
    float key = keys.get((first * headSize + i) * contextLength + t);
    float value = values.get((first * contextLength + t) * headSize + i);
    for (int b = 1; b < pass.get(Pass.SAMPLES); b++) {
      int head = first + b * heads;
      keys.set((head * headSize + i) * contextLength + t, key);
      values.set((head * contextLength + t) * headSize + i, value);
    }
  }
}
