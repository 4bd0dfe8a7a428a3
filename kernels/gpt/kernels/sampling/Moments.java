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
 * The mean distance of the ids that the steps before it keep, which typical-p compares with:
 *
 *   mean[b] = Σ weight · q / Σ weight
 *
 * It stands for the entropy: −log p = q + log S, so an id's information less the mean of all is its
 * distance less the mean distance, whatever the normaliser S. Weights lose their lowest bits, and
 * distances are summed up in two parts, so that no sum overflows.
 *
 * shapes    distances (B, V) · cuts (B, CUTS)
 * bound     memory: 4·V bytes a sample; one pass over the distances
 * threads   a sample is three sums
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one sample a work item.
 *   <li>{@code samplePerThread}: the same with a grid.
 *   <li>{@code samplePerGroup}: one sample a workgroup of 256, then a tree in local memory.
 * </ul>
 *
 * <p>Source: Meister and others, 2022. Test: {@code SamplingTest}. Benchmark: {@code scripts/bench
 * --operations moments}.
 */
public final class Moments {
  private static final int GROUP = 256;

  /**
   * What a launch takes.
   *
   * @param pass see {@link Pass}
   * @param slotOf the slot of each row, whose parameters it is drawn with (B)
   * @param parameters of the slots; see {@link Sampling}
   * @param distances (B, V), from {@link Distances}
   * @param cuts (B, {@link Sampling#CUTS}), where the mean goes
   * @param samples B
   * @param vocabSize V
   */
  public record Arguments(
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray distances,
      IntArray cuts,
      int samples,
      int vocabSize) {}

  /** One sample a work item. */
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
                  a.cuts,
                  a.samples,
                  a.vocabSize));

  /** One sample a work item. */
  public static final Version<Arguments> SAMPLE_PER_THREAD =
      version("samplePerThread", Version.Target.CPU, Moments::samplePerThread, 1);

  /** One sample a workgroup. */
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
                a.cuts,
                a.samples,
                a.vocabSize),
        (a, rows) -> Version.groups(rows, group));
  }

  static void naive(
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray distances,
      IntArray cuts,
      int samples,
      int vocabSize) {
    for (@Parallel int b = 0; b < samples; b++) {
      one(b, pass, slotOf, parameters, distances, cuts, vocabSize);
    }
  }

  static void samplePerThread(
      KernelContext context,
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray distances,
      IntArray cuts,
      int samples,
      int vocabSize) {
    one(context.globalIdx, pass, slotOf, parameters, distances, cuts, vocabSize);
  }

  private static void one(
      int b,
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray distances,
      IntArray cuts,
      int vocabSize) {
    if (b < pass.get(Pass.DRAWN_ROWS)) {
      int farthest = Sampling.farthest(parameters, slotOf.get(b));
      long high = 0;
      long low = 0;
      long sum = 0;
      for (int id = 0; id < vocabSize; id++) {
        int q = distances.get(b * vocabSize + id);
        long weight = weight(id, q, farthest, cuts, b * Sampling.CUTS);
        high += weight * (q >> Sampling.LOW_BITS);
        low += weight * (q & Sampling.LOW_MASK);
        sum += weight;
      }
      if (sum > 0) {
        cuts.set(b * Sampling.CUTS + Sampling.MEAN, mean(high, low, sum));
      }
    }
  }

  static void samplePerGroup(
      KernelContext context,
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray distances,
      IntArray cuts,
      int samples,
      int vocabSize) {
    long[] highs = context.allocateLongLocalArray(GROUP);
    long[] lows = context.allocateLongLocalArray(GROUP);
    long[] sums = context.allocateLongLocalArray(GROUP);
    int b = context.groupIdx;
    int lane = context.localIdx;
    if (b < pass.get(Pass.DRAWN_ROWS)) {
      int farthest = Sampling.farthest(parameters, slotOf.get(b));
      long high = 0;
      long low = 0;
      long sum = 0;
      for (int id = lane; id < vocabSize; id += GROUP) {
        int q = distances.get(b * vocabSize + id);
        long weight = weight(id, q, farthest, cuts, b * Sampling.CUTS);
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
          cuts.set(b * Sampling.CUTS + Sampling.MEAN, mean(highs[0], lows[0], sums[0]));
        }
      }
    }
  }

  /** (high · 2¹³ + low) / sum, rounded down. */
  private static int mean(long high, long low, long sum) {
    long whole = high / sum;
    long rest = ((high - whole * sum) << Sampling.LOW_BITS) + low;
    return (int) ((whole << Sampling.LOW_BITS) + rest / sum);
  }

  private static long weight(int id, int q, int farthest, IntArray cuts, int at) {
    long weight = 0;
    if (Sampling.kept(Sampling.KIND_TYPICAL_P, id, q, farthest, cuts, at) == 1) {
      weight = Sampling.weight(q) >> Sampling.WEIGHT_SHIFT;
    }
    return weight;
  }
}
