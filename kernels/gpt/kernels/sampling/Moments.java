package gpt.kernels.sampling;

import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Version;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task8;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * The weighted mean distance of the tokens that top-k, top-p and min-p keep, for typical-p:
 *
 *   mean[b] = Σ weight · q / Σ weight
 *
 * It stands for the entropy: with S the sum of the weights, a token's information is −log₂ p = q + log₂ S,
 * and the entropy is the mean of that. So the difference of the two is q − mean, whatever S is. Weights
 * lose their lowest 14 bits, and distances are summed in two parts, so that no sum overflows 64 bits.
 *
 * shapes    distances (B, V) · state (B, STATE_SIZE)
 * bound     memory: 4·V bytes a row; one pass over the distances
 * threads   three sum reductions a row
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one row a work item.
 *   <li>{@code samplePerThread}: the same with an explicit grid.
 *   <li>{@code samplePerGroup}: one row a workgroup of 256; coalesced loads, then a tree reduction
 *       in local memory.
 * </ul>
 *
 * <p>Source: locally typical sampling, Meister and others, 2022. Test: {@code SamplingTest}.
 * Benchmark: {@code scripts/bench --operations moments}.
 */
public final class Moments {
  private static final int GROUP = 256;

  /**
   * Arguments of a launch.
   *
   * @param pass see {@link Pass}
   * @param slotOf slot of each row, whose parameters apply (B)
   * @param parameters (slots, PARAMETERS); see {@link Sampling}
   * @param distances (B, V), from {@link Distances}
   * @param state (B, {@link Sampling#STATE_SIZE}), whose {@link Sampling#MEAN} is the result
   * @param samples B, rows that the grid is made for
   * @param vocabSize V
   */
  public record Arguments(
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray distances,
      IntArray state,
      int samples,
      int vocabSize) {}

  /** One row a work item. */
  public static final Version<Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(
                  id,
                  Moments::naive,
                  a.pass,
                  a.slotOf,
                  a.parameters,
                  a.distances,
                  a.state,
                  a.samples,
                  a.vocabSize));

  /** One row a work item. */
  public static final Version<Arguments> SAMPLE_PER_THREAD =
      version("samplePerThread", Version.Target.CPU, Moments::samplePerThread, 1);

  /** One row a workgroup. */
  public static final Version<Arguments> SAMPLE_PER_GROUP =
      version("samplePerGroup", Version.Target.GPU, Moments::samplePerGroup, GROUP);

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS =
      List.of(NAIVE, SAMPLE_PER_THREAD, SAMPLE_PER_GROUP);

  private Moments() {}

  private static Version<Arguments> version(
      String name,
      Version.Target target,
      Task8<KernelContext, IntArray, IntArray, IntArray, IntArray, IntArray, Integer, Integer>
          kernel,
      int group) {
    return new Version<>(
        name,
        target,
        (graph, id, a) ->
            graph.task(
                id,
                kernel,
                new KernelContext(),
                a.pass,
                a.slotOf,
                a.parameters,
                a.distances,
                a.state,
                a.samples,
                a.vocabSize),
        (a, rows) -> Version.groups(rows, group));
  }

  static void naive(
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray distances,
      IntArray state,
      int samples,
      int vocabSize) {
    for (@Parallel int b = 0; b < samples; b++) {
      computeMean(b, pass, slotOf, parameters, distances, state, vocabSize);
    }
  }

  static void samplePerThread(
      KernelContext context,
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray distances,
      IntArray state,
      int samples,
      int vocabSize) {
    computeMean(context.globalIdx, pass, slotOf, parameters, distances, state, vocabSize);
  }

  private static void computeMean(
      int b,
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray distances,
      IntArray state,
      int vocabSize) {
    if (b < pass.get(Pass.DRAWN_ROWS)) {
      int minPLimit = Sampling.minPLimit(parameters, slotOf.get(b));
      long high = 0;
      long low = 0;
      long sum = 0;
      for (int id = 0; id < vocabSize; id++) {
        int q = distances.get(b * vocabSize + id);
        long weight = weight(id, q, minPLimit, state, b * Sampling.STATE_SIZE);
        high += weight * (q >> Sampling.LOW_BITS);
        low += weight * (q & Sampling.LOW_MASK);
        sum += weight;
      }
      if (sum > 0) {
        state.set(b * Sampling.STATE_SIZE + Sampling.MEAN, mean(high, low, sum));
      }
    }
  }

  static void samplePerGroup(
      KernelContext context,
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray distances,
      IntArray state,
      int samples,
      int vocabSize) {
    long[] highs = context.allocateLongLocalArray(GROUP);
    long[] lows = context.allocateLongLocalArray(GROUP);
    long[] sums = context.allocateLongLocalArray(GROUP);
    int b = context.groupIdx;
    int lane = context.localIdx;
    if (b < pass.get(Pass.DRAWN_ROWS)) {
      int minPLimit = Sampling.minPLimit(parameters, slotOf.get(b));
      long high = 0;
      long low = 0;
      long sum = 0;
      for (int id = lane; id < vocabSize; id += GROUP) {
        int q = distances.get(b * vocabSize + id);
        long weight = weight(id, q, minPLimit, state, b * Sampling.STATE_SIZE);
        high += weight * (q >> Sampling.LOW_BITS);
        low += weight * (q & Sampling.LOW_MASK);
        sum += weight;
      }
      highs[lane] = high;
      lows[lane] = low;
      sums[lane] = sum;
      for (int half = GROUP / 2; half > 0; half = half / 2) {
        context.localBarrier();
        if (lane < half) {
          highs[lane] += highs[lane + half];
          lows[lane] += lows[lane + half];
          sums[lane] += sums[lane + half];
        }
      }
      if (lane == 0) {
        if (sums[0] > 0) {
          state.set(b * Sampling.STATE_SIZE + Sampling.MEAN, mean(highs[0], lows[0], sums[0]));
        }
      }
    }
  }

  /** (high · 2¹³ + low) / sum, rounded down. */
  private static int mean(long high, long low, long sum) {
    long whole = high / sum;
    long remainder = ((high - whole * sum) << Sampling.LOW_BITS) + low;
    return (int) ((whole << Sampling.LOW_BITS) + remainder / sum);
  }

  /** A token's weight without its lowest bits; 0 if the earlier filters remove the token. */
  private static long weight(int id, int q, int minPLimit, IntArray state, int at) {
    long weight = 0;
    if (Sampling.kept(Sampling.KIND_TYPICAL_P, id, q, minPLimit, state, at) == 1) {
      weight = FixedPoint.weight(q) >> Sampling.WEIGHT_SHIFT;
    }
    return weight;
  }
}
