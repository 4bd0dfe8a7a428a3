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
 * The likeliest tokens by the model's own probabilities, before any processor or filter: the tokens within
 * the threshold of {@link Sampling#KIND_LOGPROBS} and their distances, the distance of the drawn token,
 * and the sum S of all weights. The host computes an id's log-probability from them: −q · ln 2 − ln S.
 *
 * shapes    distances (B, V) · state (B, STATE_SIZE) · chosen (B)
 *           top (B, 4 + 2·N): S in two ints, the drawn token's distance, the number of tokens listed or a
 *           negative status, then id and distance of each listed token, by ascending id
 * bound     memory: 4·V bytes a row, read twice by {@code samplePerGroup}
 * threads   a sum reduction and a stream compaction a row
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one row a work item.
 *   <li>{@code samplePerThread}: the same with an explicit grid.
 *   <li>{@code samplePerGroup}: one row a workgroup of 256, a contiguous run of ids a lane. The
 *       lanes count their tokens; the prefix sum of the counts is each lane's position in the list.
 * </ul>
 *
 * <p>Test: {@code SamplingTest}. Benchmark: {@code scripts/bench --operations top-tokens}.
 */
public final class TopTokens {
  private static final int GROUP = 256;

  /** Number of ints before the list. */
  public static final int HEADER = 4;

  /**
   * Arguments of a launch.
   *
   * @param pass see {@link Pass}; rows are {@link Pass#LOGIT_ROWS}
   * @param distances (B, V), of the unprocessed logits at temperature 1
   * @param state (B, {@link Sampling#STATE_SIZE})
   * @param chosen token ids (B), of the rows that are drawn
   * @param top (B, 4 + 2·N), the result
   * @param samples B, rows that the grid is made for
   * @param vocabSize V
   * @param maxTokens N, capacity of a list
   */
  public record Arguments(
      IntArray pass,
      IntArray distances,
      IntArray state,
      IntArray chosen,
      IntArray top,
      int samples,
      int vocabSize,
      int maxTokens) {}

  /** One row a work item. */
  public static final Version<Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(
                  id,
                  TopTokens::naive,
                  a.pass,
                  a.distances,
                  a.state,
                  a.chosen,
                  a.top,
                  a.samples,
                  a.vocabSize,
                  a.maxTokens));

  /** One row a work item. */
  public static final Version<Arguments> SAMPLE_PER_THREAD =
      version("samplePerThread", Version.Target.CPU, TopTokens::samplePerThread, 1);

  /** One row a workgroup. */
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
                a.state,
                a.chosen,
                a.top,
                a.vocabSize,
                a.maxTokens),
        (a, rows) -> Version.groups(rows, group));
  }

  static void naive(
      IntArray pass,
      IntArray distances,
      IntArray state,
      IntArray chosen,
      IntArray top,
      int samples,
      int vocabSize,
      int maxTokens) {
    for (@Parallel int b = 0; b < samples; b++) {
      if (b < pass.get(Pass.LOGIT_ROWS)) {
        listTokens(b, pass, distances, state, chosen, top, vocabSize, maxTokens);
      }
    }
  }

  static void samplePerThread(
      KernelContext context,
      IntArray pass,
      IntArray distances,
      IntArray state,
      IntArray chosen,
      IntArray top,
      int vocabSize,
      int maxTokens) {
    int b = context.globalIdx;
    if (b < pass.get(Pass.LOGIT_ROWS)) {
      listTokens(b, pass, distances, state, chosen, top, vocabSize, maxTokens);
    }
  }

  private static void listTokens(
      int b,
      IntArray pass,
      IntArray distances,
      IntArray state,
      IntArray chosen,
      IntArray top,
      int vocabSize,
      int maxTokens) {
    int at = b * (HEADER + 2 * maxTokens);
    long sum = 0;
    int count = 0;
    for (int id = 0; id < vocabSize; id++) {
      int q = distances.get(b * vocabSize + id);
      sum += FixedPoint.weight(q);
      if (listed(id, q, state, b * Sampling.STATE_SIZE) == 1) {
        if (count < maxTokens) {
          top.set(at + HEADER + 2 * count, id);
          top.set(at + HEADER + 2 * count + 1, q);
        }
        count++;
      }
    }
    writeHeader(b, at, sum, count, pass, distances, state, chosen, top, vocabSize);
  }

  static void samplePerGroup(
      KernelContext context,
      IntArray pass,
      IntArray distances,
      IntArray state,
      IntArray chosen,
      IntArray top,
      int vocabSize,
      int maxTokens) {
    long[] sums = context.allocateLongLocalArray(GROUP);
    int[] counts = context.allocateIntLocalArray(GROUP);
    int b = context.groupIdx;
    int lane = context.localIdx;
    if (b < pass.get(Pass.LOGIT_ROWS)) {
      int at = b * (HEADER + 2 * maxTokens);
      int idsPerLane = (vocabSize + GROUP - 1) / GROUP;
      int end = Math.min((lane + 1) * idsPerLane, vocabSize);
      long sum = 0;
      int count = 0;
      for (int id = lane * idsPerLane; id < end; id++) {
        int q = distances.get(b * vocabSize + id);
        sum += FixedPoint.weight(q);
        count += listed(id, q, state, b * Sampling.STATE_SIZE);
      }
      sums[lane] = sum;
      counts[lane] = count;
      context.localBarrier();
      int position = 0;
      for (int other = 0; other < lane; other++) {
        position += counts[other];
      }
      for (int id = lane * idsPerLane; id < end; id++) {
        int q = distances.get(b * vocabSize + id);
        if (listed(id, q, state, b * Sampling.STATE_SIZE) == 1) {
          if (position < maxTokens) {
            top.set(at + HEADER + 2 * position, id);
            top.set(at + HEADER + 2 * position + 1, q);
          }
          position++;
        }
      }
      if (lane == GROUP - 1) {
        long total = 0;
        for (int other = 0; other < GROUP; other++) {
          total += sums[other];
        }
        writeHeader(b, at, total, position, pass, distances, state, chosen, top, vocabSize);
      }
    }
  }

  /** 1 if a token is within the threshold, else 0. */
  private static int listed(int id, int q, IntArray state, int at) {
    int listed = 0;
    if (q < Sampling.MASKED_DISTANCE) {
      listed = Sampling.within(q, id, state, at + 2 * Sampling.KIND_LOGPROBS);
    }
    return listed;
  }

  /** Writes the ints before the list. */
  private static void writeHeader(
      int b,
      int at,
      long sum,
      int count,
      IntArray pass,
      IntArray distances,
      IntArray state,
      IntArray chosen,
      IntArray top,
      int vocabSize) {
    FixedPoint.setLong(top, at, sum);
    int q = Sampling.MASKED_DISTANCE;
    if (b < pass.get(Pass.DRAWN_ROWS)) {
      if (chosen.get(b) >= 0) {
        q = distances.get(b * vocabSize + chosen.get(b));
      }
    }
    top.set(at + 2, q);
    int status = state.get(b * Sampling.STATE_SIZE + Sampling.STATUS);
    int found = count;
    if (status < 0) {
      found = status;
    }
    top.set(at + 3, found);
  }
}
