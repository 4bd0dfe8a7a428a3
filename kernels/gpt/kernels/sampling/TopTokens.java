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
 * The likeliest tokens of the model itself, for log-probabilities: the ids that the search of {@link
 * Sampling#KIND_LOGPROBS} keeps, their distances, the chosen id's distance, and the sum S of all
 * weights. The host takes −q · ln 2 − ln S, an id's log-probability.
 *
 * shapes    distances (B, V) · cuts (B, CUTS) · chosen (B)
 *           top (B, 4 + 2·N): S in two ints, the drawn id's distance, how many ids there are or a
 *           status, which is negative, then an id and its distance each, in the order of ids
 * bound     memory: 4·V bytes a sample; one pass over the distances
 * threads   a sample is a sum and a list
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one sample a work item.
 *   <li>{@code samplePerThread}: the same with a grid.
 *   <li>{@code samplePerGroup}: one sample a workgroup of 256, each lane a run of ids side by side;
 *       where each lane's ids go in the list follows from how many those before it have.
 * </ul>
 *
 * <p>Test: {@code SamplingTest}. Benchmark: {@code scripts/bench --operations top-tokens}.
 */
public final class TopTokens {
  private static final int GROUP = 256;

  /** Ints in front of the list. */
  public static final int HEADER = 4;

  /**
   * What a launch takes.
   *
   * @param pass see {@link Pass}; rows are {@link Pass#LOGIT_ROWS}
   * @param distances (B, V), of the model's own logits
   * @param cuts (B, {@link Sampling#CUTS})
   * @param chosen (B), of the rows that are drawn
   * @param top (B, 4 + 2·N), the result
   * @param samples B
   * @param vocabSize V
   * @param most N, ids that a list has room for
   */
  public record Arguments(
      IntArray pass,
      IntArray distances,
      IntArray cuts,
      IntArray chosen,
      IntArray top,
      int samples,
      int vocabSize,
      int most) {}

  /** One sample a work item. */
  public static final Version<Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(
                  id,
                  TopTokens::naive,
                  a.pass,
                  a.distances,
                  a.cuts,
                  a.chosen,
                  a.top,
                  a.samples,
                  a.vocabSize,
                  a.most));

  /** One sample a work item. */
  public static final Version<Arguments> SAMPLE_PER_THREAD =
      version("samplePerThread", Version.Target.CPU, TopTokens::samplePerThread, 1);

  /** One sample a workgroup. */
  public static final Version<Arguments> SAMPLE_PER_GROUP =
      version("samplePerGroup", Version.Target.GPU, TopTokens::samplePerGroup, GROUP);

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS =
      List.of(NAIVE, SAMPLE_PER_THREAD, SAMPLE_PER_GROUP);

  private TopTokens() {}

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
                a.distances,
                a.cuts,
                a.chosen,
                a.top,
                a.vocabSize,
                a.most),
        (a, rows) -> Version.groups(rows, group));
  }

  static void naive(
      IntArray pass,
      IntArray distances,
      IntArray cuts,
      IntArray chosen,
      IntArray top,
      int samples,
      int vocabSize,
      int most) {
    for (@Parallel int b = 0; b < samples; b++) {
      if (b < pass.get(Pass.LOGIT_ROWS)) {
        one(b, pass, distances, cuts, chosen, top, vocabSize, most);
      }
    }
  }

  static void samplePerThread(
      KernelContext context,
      IntArray pass,
      IntArray distances,
      IntArray cuts,
      IntArray chosen,
      IntArray top,
      int vocabSize,
      int most) {
    int b = context.globalIdx;
    if (b < pass.get(Pass.LOGIT_ROWS)) {
      one(b, pass, distances, cuts, chosen, top, vocabSize, most);
    }
  }

  private static void one(
      int b,
      IntArray pass,
      IntArray distances,
      IntArray cuts,
      IntArray chosen,
      IntArray top,
      int vocabSize,
      int most) {
    int at = b * (HEADER + 2 * most);
    long sum = 0;
    int count = 0;
    for (int id = 0; id < vocabSize; id++) {
      int q = distances.get(b * vocabSize + id);
      sum += Sampling.weight(q);
      if (listed(id, q, cuts, b * Sampling.CUTS) == 1) {
        if (count < most) {
          top.set(at + HEADER + 2 * count, id);
          top.set(at + HEADER + 2 * count + 1, q);
        }
        count++;
      }
    }
    head(b, at, sum, count, pass, distances, cuts, chosen, top, vocabSize);
  }

  static void samplePerGroup(
      KernelContext context,
      IntArray pass,
      IntArray distances,
      IntArray cuts,
      IntArray chosen,
      IntArray top,
      int vocabSize,
      int most) {
    long[] sums = context.allocateLongLocalArray(GROUP);
    int[] counts = context.allocateIntLocalArray(GROUP);
    int b = context.groupIdx;
    int lane = context.localIdx;
    if (b < pass.get(Pass.LOGIT_ROWS)) {
      int at = b * (HEADER + 2 * most);
      int each = (vocabSize + GROUP - 1) / GROUP;
      int end = Math.min((lane + 1) * each, vocabSize);
      long sum = 0;
      int count = 0;
      for (int id = lane * each; id < end; id++) {
        int q = distances.get(b * vocabSize + id);
        sum += Sampling.weight(q);
        count += listed(id, q, cuts, b * Sampling.CUTS);
      }
      sums[lane] = sum;
      counts[lane] = count;
      context.localBarrier();
      int before = 0;
      for (int other = 0; other < lane; other++) {
        before += counts[other];
      }
      for (int id = lane * each; id < end; id++) {
        int q = distances.get(b * vocabSize + id);
        if (listed(id, q, cuts, b * Sampling.CUTS) == 1) {
          if (before < most) {
            top.set(at + HEADER + 2 * before, id);
            top.set(at + HEADER + 2 * before + 1, q);
          }
          before++;
        }
      }
      if (lane == GROUP - 1) {
        long total = 0;
        for (int other = 0; other < GROUP; other++) {
          total += sums[other];
        }
        head(b, at, total, before, pass, distances, cuts, chosen, top, vocabSize);
      }
    }
  }

  /** 1 where the search keeps an id. */
  private static int listed(int id, int q, IntArray cuts, int at) {
    int listed = 0;
    if (q < Sampling.ABSENT) {
      listed = Sampling.within(q, id, cuts, at + 2 * Sampling.KIND_LOGPROBS);
    }
    return listed;
  }

  private static void head(
      int b,
      int at,
      long sum,
      int count,
      IntArray pass,
      IntArray distances,
      IntArray cuts,
      IntArray chosen,
      IntArray top,
      int vocabSize) {
    Sampling.setWide(top, at, sum);
    int q = Sampling.ABSENT;
    if (b < pass.get(Pass.DRAWN_ROWS)) {
      if (chosen.get(b) >= 0) {
        q = distances.get(b * vocabSize + chosen.get(b));
      }
    }
    top.set(at + 2, q);
    int status = cuts.get(b * Sampling.CUTS + Sampling.STATUS);
    int found = count;
    if (status < 0) {
      found = status;
    }
    top.set(at + 3, found);
  }
}
