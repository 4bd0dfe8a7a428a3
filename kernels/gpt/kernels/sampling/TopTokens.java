package gpt.kernels.sampling;

import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Sampling;
import gpt.kernels.runtime.Version;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * The n likeliest tokens of each row by the model's own probabilities, before penalties, temperature and
 * filters: their distances q (see {@link SamplingChain}) at temperature 1, the distance of the chosen
 * token, and the sum S of all weights. The host computes log-probabilities from them: −q · ln 2 − ln S.
 *
 * shapes    logits (rows, V) · distances (B, V), memory for this kernel · chosen (B)
 *           top (B, 4 + 2·N): S in two ints, the chosen token's distance, the number of tokens listed or a
 *           negative status, then id and distance of each listed token, by ascending id
 * bound     latency, as {@link SamplingChain}: two passes over the logits, about 8 over the distances
 * threads   a workgroup for each row. Work item i lists the i-th part of the vocabulary; the number of
 *           tokens listed by those before it is its position in the list
 * example   logits 3, 2, 1, 0 and n = 2: weights 1, 0.368, 0.135, 0.050, S = 1.553; listed are id 0 with
 *           q = 0, log-probability −ln 1.553 = −0.440, and id 1 with q = 1.443 bits, −1.440
 * </pre>
 *
 * <ul>
 *   <li>{@code rowPerThread}: one work item a row, for CPU devices.
 *   <li>{@code rowPerGroup}: 256 work items a row.
 * </ul>
 *
 * <p>Read before: {@link SamplingChain}, {@link RadixSelect}. It is the last one.
 *
 * <p>Test: {@code SamplingTest}. Benchmark: {@code scripts/bench --operations top-tokens}.
 */
public final class TopTokens {
  private static final int LOADS = RadixSelect.LOADS;
  private static final float LOG2_E = 1.442695f;

  /** Number of ints before the list. */
  public static final int HEADER = 4;

  static void listTokens(
      KernelContext context,
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      FloatArray logits,
      IntArray distances,
      IntArray chosen,
      IntArray top,
      int vocabSize,
      int maxTokens,
      int group) {
    int b = context.groupIdx;
    int lane = context.localIdx;
    if (b < pass.get(Pass.LOGIT_ROWS)) {
      int row = b * vocabSize;
      float[] loaded = new float[LOADS];

      // The largest logit.
      float lanesLargest = Sampling.MASKED_LOGIT;
      int lanesStatus = 0;
      for (int tile = lane; tile < vocabSize; tile += LOADS * group) {
        for (int i = 0; i < LOADS; i++) {
          loaded[i] = SamplingChain.logit(logits, row, tile + i * group, vocabSize);
        }
        for (int i = 0; i < LOADS; i++) {
          lanesStatus = Math.min(lanesStatus, Sampling.logitStatus(loaded[i]));
          lanesLargest = SamplingChain.larger(lanesLargest, loaded[i]);
        }
      }
      float largest = Workgroup.largest(context, group, lanesLargest);
      int logitStatus = Workgroup.smallest(context, group, lanesStatus);
      int status = SamplingChain.status(logitStatus, largest, largest);

      // The distances, and the sum of the weights.
      long lanesSum = 0;
      for (int tile = lane; tile < vocabSize; tile += LOADS * group) {
        for (int i = 0; i < LOADS; i++) {
          loaded[i] = SamplingChain.logit(logits, row, tile + i * group, vocabSize);
        }
        for (int i = 0; i < LOADS; i++) {
          int id = tile + i * group;
          if (id < vocabSize) {
            int q = SamplingChain.distance(largest, loaded[i], LOG2_E);
            distances.set(row + id, q);
            lanesSum += FixedPoint.weight(q);
          }
        }
      }
      long sum = Workgroup.total(context, group, lanesSum);

      // The list.
      int found = status;
      if (status == 0) {
        int n = parameters.get(slotOf.get(b) * Sampling.PARAMETERS + Sampling.LOGPROBS);
        long last = -1; // lists nothing
        if (n > 0) {
          last =
              RadixSelect.threshold(
                  context,
                  distances,
                  row,
                  vocabSize,
                  RadixSelect.LOGPROBS,
                  0,
                  RadixSelect.ALL,
                  n,
                  group);
        }
        context.globalBarrier(); // from here on, work items read each other's distances
        int part = (vocabSize + group - 1) / group;
        int end = Math.min((lane + 1) * part, vocabSize);
        int count = 0;
        for (int id = lane * part; id < end; id++) {
          if (RadixSelect.place(distances.get(row + id), id) <= last) {
            count++;
          }
        }
        int position = Workgroup.before(context, count);
        found = Math.min((int) Workgroup.total(context, group, count), maxTokens);
        for (int id = lane * part; id < end; id++) {
          int q = distances.get(row + id);
          if (RadixSelect.place(q, id) <= last) {
            if (position < maxTokens) {
              int at = b * (HEADER + 2 * maxTokens) + HEADER + 2 * position;
              top.set(at, id);
              top.set(at + 1, q);
            }
            position++;
          }
        }
      }

      if (lane == 0) {
        int at = b * (HEADER + 2 * maxTokens);
        int q = Sampling.MASKED_DISTANCE;
        if (b < pass.get(Pass.DRAWN_ROWS)) {
          int id = chosen.get(b);
          if (id >= 0) {
            q = SamplingChain.distance(largest, logits.get(row + id), LOG2_E);
          }
        }
        top.set(at, (int) (sum >> 32));
        top.set(at + 1, (int) sum);
        top.set(at + 2, q);
        top.set(at + 3, found);
      }
    }
  }

  // Plumbing: arguments, tasks and grids.

  /**
   * Arguments of a launch.
   *
   * @param pass see {@link Pass}; rows are {@link Pass#LOGIT_ROWS}
   * @param slotOf slot of each row, whose parameters apply (B)
   * @param parameters (slots, PARAMETERS); see {@link Sampling}
   * @param logits (LOGIT_ROWS, V)
   * @param distances (B, V), overwritten
   * @param chosen token ids (B), of the rows that are drawn
   * @param top (B, 4 + 2·N), the result
   * @param vocabSize V
   * @param maxTokens N, capacity of a list
   */
  public record Arguments(
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      FloatArray logits,
      IntArray distances,
      IntArray chosen,
      IntArray top,
      int vocabSize,
      int maxTokens) {}

  /** One row a work item. */
  public static final Version<Arguments> ROW_PER_THREAD =
      version("rowPerThread", Version.Target.CPU, 1);

  /** One row a workgroup. */
  public static final Version<Arguments> ROW_PER_GROUP =
      version("rowPerGroup", Version.Target.GPU, Workgroup.MAX);

  /** All versions. */
  public static final List<Version<Arguments>> VERSIONS = List.of(ROW_PER_THREAD, ROW_PER_GROUP);

  private TopTokens() {}

  private static Version<Arguments> version(String name, Version.Target target, int group) {
    return new Version<>(
        name,
        target,
        (graph, id, a) ->
            graph.task(
                id,
                TopTokens::listTokens,
                new KernelContext(),
                a.pass,
                a.slotOf,
                a.parameters,
                a.logits,
                a.distances,
                a.chosen,
                a.top,
                a.vocabSize,
                a.maxTokens,
                group),
        (a, rows) -> Version.groups(rows, group));
  }
}
