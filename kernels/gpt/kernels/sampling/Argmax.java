package gpt.kernels.sampling;

import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Version;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task6;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * Greedy decoding:
 *
 *   chosen[b] = the id of the largest logit of row b, the lowest id among equal ones; a negative status of
 *               {@link Sampling} if a logit is NaN or +∞, or all are −∞
 *
 * shapes    logits (rows, V) · chosen (B)
 * bound     memory: 4·V bytes a row, 201 kB for GPT-2; one compare for each logit
 * threads   one max reduction a row; ties go to the lower id, so the result does not depend on the grid
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one row a work item.
 *   <li>{@code samplePerThread}: the same with an explicit grid.
 *   <li>{@code samplePerGroup}: one row a workgroup of 256: each lane reduces every 256th logit
 *       (coalesced loads), then a tree reduction in local memory.
 * </ul>
 *
 * <p>Test: {@code RowsTest}. Benchmark: {@code scripts/bench --operations argmax}.
 */
public final class Argmax {
  private static final int GROUP = 256;

  /** Id of a lane whose logits are all −∞: it loses every tie. */
  private static final int NO_ID = Integer.MAX_VALUE;

  /**
   * Arguments of a launch.
   *
   * @param pass see {@link Pass}
   * @param logits (LOGIT_ROWS, V)
   * @param chosen token ids (B), the result
   * @param samples B, rows that the grid is made for
   * @param vocabSize V
   */
  public record Arguments(
      IntArray pass, FloatArray logits, IntArray chosen, int samples, int vocabSize) {}

  /** One row a work item. */
  public static final Version<Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(id, Argmax::naive, a.pass, a.logits, a.chosen, a.samples, a.vocabSize));

  /** One row a work item. */
  public static final Version<Arguments> SAMPLE_PER_THREAD =
      version(
          "samplePerThread",
          Version.Target.CPU,
          Argmax::samplePerThread,
          (a, rows) -> Version.groups(rows, 1));

  /** One row a workgroup. */
  public static final Version<Arguments> SAMPLE_PER_GROUP =
      version(
          "samplePerGroup",
          Version.Target.GPU,
          Argmax::samplePerGroup,
          (a, rows) -> Version.groups(rows, GROUP));

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS =
      List.of(NAIVE, SAMPLE_PER_THREAD, SAMPLE_PER_GROUP);

  private Argmax() {}

  private static Version<Arguments> version(
      String name,
      Version.Target target,
      Task6<KernelContext, IntArray, FloatArray, IntArray, Integer, Integer> kernel,
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
                a.logits,
                a.chosen,
                a.samples,
                a.vocabSize),
        grid);
  }

  static void naive(IntArray pass, FloatArray logits, IntArray chosen, int samples, int vocabSize) {
    for (@Parallel int b = 0; b < samples; b++) {
      if (b < pass.get(Pass.DRAWN_ROWS)) {
        int from = b * vocabSize;
        chosen.set(b, orStatus(largest(logits, from, vocabSize, 0, 1)));
      }
    }
  }

  static void samplePerThread(
      KernelContext context,
      IntArray pass,
      FloatArray logits,
      IntArray chosen,
      int samples,
      int vocabSize) {
    int b = context.globalIdx;
    if (b < pass.get(Pass.DRAWN_ROWS)) {
      int from = b * vocabSize;
      chosen.set(b, orStatus(largest(logits, from, vocabSize, 0, 1)));
    }
  }

  static void samplePerGroup(
      KernelContext context,
      IntArray pass,
      FloatArray logits,
      IntArray chosen,
      int samples,
      int vocabSize) {
    float[] values = context.allocateFloatLocalArray(GROUP);
    int[] ids = context.allocateIntLocalArray(GROUP);
    int b = context.groupIdx;
    int lane = context.localIdx;
    if (b < pass.get(Pass.DRAWN_ROWS)) {
      int from = b * vocabSize;
      int best = largest(logits, from, vocabSize, lane, GROUP);
      float value = -Sampling.MAX_LOGIT;
      if (best < 0) {
        value = Sampling.MAX_LOGIT;
      } else {
        if (best != NO_ID) {
          value = logits.get(from + best);
        }
      }
      values[lane] = value;
      ids[lane] = best;
      for (int half = GROUP / 2; half > 0; half = half / 2) {
        context.localBarrier();
        if (lane < half) {
          int take = 0;
          if (values[lane + half] > values[lane]) {
            take = 1;
          }
          if (values[lane + half] == values[lane]) {
            if (ids[lane + half] < ids[lane]) {
              take = 1;
            }
          }
          if (take == 1) {
            values[lane] = values[lane + half];
            ids[lane] = ids[lane + half];
          }
        }
      }
      if (lane == 0) {
        chosen.set(b, orStatus(ids[0]));
      }
    }
  }

  /**
   * The lowest id with the largest of one lane's logits, which are lane, lane + lanes, …; a status
   * if one is NaN or +∞; NO_ID if all are −∞.
   */
  private static int largest(FloatArray logits, int from, int vocabSize, int lane, int lanes) {
    int best = NO_ID;
    float value = -Sampling.MAX_LOGIT;
    for (int id = lane; id < vocabSize; id += lanes) {
      float other = logits.get(from + id);
      if (other < Sampling.MAX_LOGIT) { // false for NaN
        if (other > value) {
          value = other;
          best = id;
        }
      } else {
        value = Sampling.MAX_LOGIT;
        best = Math.min(best, Sampling.logitStatus(other));
      }
    }
    return best;
  }

  /** The id, or {@link Sampling#NO_FINITE} instead of NO_ID. */
  private static int orStatus(int best) {
    int id = best;
    if (best == NO_ID) {
      id = Sampling.NO_FINITE;
    }
    return id;
  }
}
