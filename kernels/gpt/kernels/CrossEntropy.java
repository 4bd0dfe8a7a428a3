package gpt.kernels;

import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Version;
import gpt.kernels.sampling.Sampling;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task6;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * losses[r] = −ln softmax(logits[r])[target[r]]
 *           = ln Σ exp(x − largest) + largest − x[target],  over the logits x of row r; in nats, never
 *             below 0. A status of {@link Sampling}, which is negative, where a logit is NaN or +∞, or all
 *             are −∞; IMPOSSIBLE where the target's own is −∞
 *
 * shapes    logits (rows, V) · targets, losses (rows)
 * bound     memory: 4·V bytes a row for 3·V FLOPs and V exponentials, read twice: for the largest, and
 *           for the sum; 201 kB a row of GPT-2, which a cache holds in between
 * threads   a row is on its own
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one row a work item. One sum of 50,257 terms would be wrong by 1e-4 of
 *       itself, so it is one of sums of 256.
 *   <li>{@code rowPerThread}: one row a work item, four sums.
 *   <li>{@code rowPerGroup}: one row a workgroup of 256, neighbouring lanes read neighbouring
 *       logits, the largest and the sum as trees in local memory.
 * </ul>
 *
 * <p>Four bytes a row come back to the host instead of 4·V. Source: nanoGPT's {@code
 * F.cross_entropy}. Test: {@code RowsTest}. Benchmark: {@code scripts/bench --operations
 * cross-entropy}.
 */
public final class CrossEntropy {
  private static final int GROUP = 256;

  /** Terms that the naive version adds up by themselves. */
  private static final int RUN = 256;

  /** A difference of two of these is finite. */
  private static final float MOST = 1e38f;

  /** The loss of a token that the model gives no probability at all: more than any other one. */
  public static final float IMPOSSIBLE = 3e38f;

  /**
   * What a launch takes.
   *
   * @param pass see {@link Pass}; rows are {@link Pass#LOGIT_ROWS}
   * @param logits (rows, V)
   * @param targets the id that follows each row (rows)
   * @param losses (rows), the result
   * @param maxRows rows that losses has room for
   * @param vocabSize V
   */
  public record Arguments(
      IntArray pass,
      FloatArray logits,
      IntArray targets,
      FloatArray losses,
      int maxRows,
      int vocabSize) {}

  /** One row a work item. */
  public static final Version<Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(
                  id,
                  CrossEntropy::naive,
                  a.pass,
                  a.logits,
                  a.targets,
                  a.losses,
                  a.maxRows,
                  a.vocabSize));

  /** One row a work item, four sums. */
  public static final Version<Arguments> ROW_PER_THREAD =
      version("rowPerThread", Version.Target.CPU, CrossEntropy::rowPerThread, 1);

  /** One row a workgroup. */
  public static final Version<Arguments> ROW_PER_GROUP =
      version("rowPerGroup", Version.Target.GPU, CrossEntropy::rowPerGroup, GROUP);

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS =
      List.of(NAIVE, ROW_PER_THREAD, ROW_PER_GROUP);

  private CrossEntropy() {}

  private static Version<Arguments> version(
      String name,
      Version.Target target,
      Task6<KernelContext, IntArray, FloatArray, IntArray, FloatArray, Integer> kernel,
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
                a.logits,
                a.targets,
                a.losses,
                a.vocabSize),
        (a, rows) -> Version.groups(rows, group));
  }

  static void naive(
      IntArray pass,
      FloatArray logits,
      IntArray targets,
      FloatArray losses,
      int maxRows,
      int vocabSize) {
    for (@Parallel int r = 0; r < maxRows; r++) {
      if (r < pass.get(Pass.LOGIT_ROWS)) {
        int row = r * vocabSize;
        float largest = Sampling.NOTHING;
        int status = 0;
        for (int id = 0; id < vocabSize; id++) {
          float x = logits.get(row + id);
          if (x < Sampling.LIMIT) { // false for NaN
            largest = Math.max(largest, x);
          } else {
            status = Math.min(status, Sampling.damage(x));
          }
        }
        float top = Math.min(largest, MOST);
        float sum = 0;
        for (int first = 0; first < vocabSize; first += RUN) {
          int end = Math.min(first + RUN, vocabSize);
          float part = 0;
          for (int id = first; id < end; id++) {
            part += weight(logits.get(row + id), top);
          }
          sum += part;
        }
        losses.set(r, loss(logits.get(row + targets.get(r)), largest, sum, status));
      }
    }
  }

  static void rowPerThread(
      KernelContext context,
      IntArray pass,
      FloatArray logits,
      IntArray targets,
      FloatArray losses,
      int vocabSize) {
    int r = context.globalIdx;
    if (r < pass.get(Pass.LOGIT_ROWS)) {
      int row = r * vocabSize;
      float largest = Sampling.NOTHING;
      int status = 0;
      for (int id = 0; id < vocabSize; id++) {
        float x = logits.get(row + id);
        if (x < Sampling.LIMIT) {
          largest = Math.max(largest, x);
        } else {
          status = Math.min(status, Sampling.damage(x));
        }
      }
      float sum = sum(logits, row, vocabSize, Math.min(largest, MOST), 0, 1);
      losses.set(r, loss(logits.get(row + targets.get(r)), largest, sum, status));
    }
  }

  static void rowPerGroup(
      KernelContext context,
      IntArray pass,
      FloatArray logits,
      IntArray targets,
      FloatArray losses,
      int vocabSize) {
    float[] numbers = context.allocateFloatLocalArray(GROUP);
    int[] statuses = context.allocateIntLocalArray(GROUP);
    int r = context.groupIdx;
    int lane = context.localIdx;
    if (r < pass.get(Pass.LOGIT_ROWS)) {
      int row = r * vocabSize;
      float most = Sampling.NOTHING;
      int status = 0;
      for (int id = lane; id < vocabSize; id += GROUP) {
        float x = logits.get(row + id);
        if (x < Sampling.LIMIT) {
          most = Math.max(most, x);
        } else {
          status = Math.min(status, Sampling.damage(x));
        }
      }
      numbers[lane] = most;
      statuses[lane] = status;
      for (int half = GROUP / 2; half > 0; half = half / 2) {
        context.localBarrier();
        if (lane < half) {
          numbers[lane] = Math.max(numbers[lane], numbers[lane + half]);
          statuses[lane] = Math.min(statuses[lane], statuses[lane + half]);
        }
      }
      context.localBarrier();
      float largest = numbers[0];
      context.localBarrier(); // all have read it before the sums overwrite it
      numbers[lane] = sum(logits, row, vocabSize, Math.min(largest, MOST), lane, GROUP);
      for (int half = GROUP / 2; half > 0; half = half / 2) {
        context.localBarrier();
        if (lane < half) {
          numbers[lane] = numbers[lane] + numbers[lane + half];
        }
      }
      if (lane == 0) {
        float target = logits.get(row + targets.get(r));
        losses.set(r, loss(target, largest, numbers[0], statuses[0]));
      }
    }
  }

  /** One lane's part of Σ exp(x − top), in four sums. */
  private static float sum(
      FloatArray logits, int row, int vocabSize, float top, int lane, int lanes) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    int id = lane;
    while (id < vocabSize - 3 * lanes) {
      s0 += weight(logits.get(row + id), top);
      s1 += weight(logits.get(row + id + lanes), top);
      s2 += weight(logits.get(row + id + 2 * lanes), top);
      s3 += weight(logits.get(row + id + 3 * lanes), top);
      id += 4 * lanes;
    }
    while (id < vocabSize) {
      s0 += weight(logits.get(row + id), top);
      id += lanes;
    }
    return (s0 + s1) + (s2 + s3);
  }

  private static float weight(float x, float top) {
    float weight = 0;
    if (x >= Sampling.LEAST) { // false for NaN
      weight = TornadoMath.exp(Math.min(x, MOST) - top);
    }
    return weight;
  }

  private static float loss(float target, float largest, float sum, int status) {
    float loss = IMPOSSIBLE;
    if (target >= Sampling.LEAST) {
      loss = Math.max(0, TornadoMath.log(sum) + (Math.min(largest, MOST) - Math.min(target, MOST)));
    }
    if (largest < Sampling.LEAST) {
      loss = Sampling.EMPTY;
    }
    if (status < 0) {
      loss = status;
    }
    return loss;
  }
}
