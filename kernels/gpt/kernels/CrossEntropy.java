package gpt.kernels;

import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Sampling;
import gpt.kernels.runtime.Version;
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
 *           = ln Σ exp(x − max) + max − x[target],  over the logits x of row r; in nats, at least 0
 *
 * Instead of a loss: a negative status of {@link Sampling} if a logit is NaN or +∞, or all are −∞;
 * IMPOSSIBLE if the target's logit is −∞. Four bytes a row are copied back to the host instead of 4·V.
 *
 * shapes    logits (rows, V) · targets, losses (rows)
 * bound     memory: 4·V bytes a row for 3·V FLOPs and V exponentials. The row is read twice, for the max
 *           and for the sum; GPT-2's 201 kB stay in a cache in between
 * threads   a max and a sum reduction a row
 * example   logits 1, 3, 2, 0 with target 1: max 3, Σ exp(x − max) = 0.135 + 1 + 0.368 + 0.050 = 1.553, so
 *           the loss is ln 1.553 + 3 − 3 = 0.440
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one row a work item. A single float sum of 50,257 terms has a relative error
 *       of 1e-4, so it sums runs of 256 first.
 *   <li>{@code rowPerThread}: one row a work item, four independent sums.
 *   <li>{@code rowPerGroup}: one row a workgroup of 256; coalesced loads, then tree reductions in
 *       local memory.
 * </ul>
 *
 * <p>Read before: {@link LayerNorm}. After: {@link gpt.kernels.sampling.SamplingChain}.
 *
 * <p>Source: nanoGPT's {@code F.cross_entropy}. Test: {@code RowsTest}. Benchmark: {@code
 * scripts/bench --operations cross-entropy}.
 */
public final class CrossEntropy {
  private static final int GROUP = 256;

  /** Terms of a run, which the naive version sums separately. */
  private static final int RUN = 256;

  /** Logits are clamped to this, so that the difference of two is finite. */
  private static final float LOGIT_CLAMP = 1e38f;

  /** Loss of a target with probability 0; larger than any other loss. */
  public static final float IMPOSSIBLE = 3e38f;

  private CrossEntropy() {}

  /** The formula: the loss of a target among a row's logits; {@link #loss} has the exceptions. */
  private static float formula(FloatArray logits, int row, int target, int vocabSize) {
    float max = Sampling.MIN_LOGIT;
    for (int id = 0; id < vocabSize; id++) {
      max = Math.max(max, clamped(logits.get(row + id)));
    }
    float sum = 0;
    for (int first = 0; first < vocabSize; first += RUN) {
      float part = 0;
      for (int id = first; id < Math.min(first + RUN, vocabSize); id++) {
        part += TornadoMath.exp(clamped(logits.get(row + id)) - max);
      }
      sum += part;
    }
    return TornadoMath.log(sum) + (max - clamped(logits.get(row + target)));
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
        float loss = formula(logits, row, targets.get(r), vocabSize);
        losses.set(r, checked(loss, logits, row, targets.get(r), vocabSize));
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
      float largest = Sampling.MASKED_LOGIT;
      int status = 0;
      for (int id = 0; id < vocabSize; id++) {
        float x = logits.get(row + id);
        if (x < Sampling.MAX_LOGIT) {
          largest = Math.max(largest, x);
        } else {
          status = Math.min(status, Sampling.logitStatus(x));
        }
      }
      float sum = sum(logits, row, vocabSize, Math.min(largest, LOGIT_CLAMP), 0, 1);
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
      float laneLargest = Sampling.MASKED_LOGIT;
      int status = 0;
      for (int id = lane; id < vocabSize; id += GROUP) {
        float x = logits.get(row + id);
        if (x < Sampling.MAX_LOGIT) {
          laneLargest = Math.max(laneLargest, x);
        } else {
          status = Math.min(status, Sampling.logitStatus(x));
        }
      }
      numbers[lane] = laneLargest;
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
      context.localBarrier(); // all lanes have read it before the sums overwrite it
      numbers[lane] = sum(logits, row, vocabSize, Math.min(largest, LOGIT_CLAMP), lane, GROUP);
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

  /** One lane's part of Σ exp(x − top), in four independent sums. */
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

  /** exp(x − top); 0 for a masked logit. */
  private static float weight(float x, float top) {
    float weight = 0;
    if (x >= Sampling.MIN_LOGIT) { // false for NaN
      weight = TornadoMath.exp(Math.min(x, LOGIT_CLAMP) - top);
    }
    return weight;
  }

  /** The loss, IMPOSSIBLE or a status. */
  private static float loss(float target, float largest, float sum, int status) {
    float difference = Math.min(largest, LOGIT_CLAMP) - clamped(target);
    return checked(TornadoMath.log(sum) + difference, target, largest, status);
  }

  /** What is stored instead of a loss, if the row or its target has one. */
  private static float checked(float loss, FloatArray logits, int row, int target, int vocabSize) {
    float largest = Sampling.MASKED_LOGIT;
    int status = 0;
    for (int id = 0; id < vocabSize; id++) {
      float x = logits.get(row + id);
      status = Math.min(status, Sampling.logitStatus(x));
      if (x > largest) {
        largest = x;
      }
    }
    return checked(loss, logits.get(row + target), largest, status);
  }

  private static float checked(float loss, float target, float largest, int status) {
    float checked = IMPOSSIBLE;
    if (target >= Sampling.MIN_LOGIT) {
      checked = Math.max(0, loss);
    }
    if (largest < Sampling.MIN_LOGIT) {
      checked = Sampling.NO_FINITE;
    }
    if (status < 0) {
      checked = status;
    }
    return checked;
  }

  /** A logit, so that the difference of two is finite. */
  private static float clamped(float x) {
    float clamped = Sampling.MIN_LOGIT;
    if (x > Sampling.MIN_LOGIT) { // false for NaN
      clamped = Math.min(x, LOGIT_CLAMP);
    }
    return clamped;
  }

  // Plumbing: arguments, tasks and grids.

  /**
   * Arguments of a launch.
   *
   * @param pass see {@link Pass}; rows are {@link Pass#LOGIT_ROWS}
   * @param logits (rows, V)
   * @param targets token id that follows each row (rows)
   * @param losses (rows), the result
   * @param maxRows capacity of losses in rows
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

  /** One row a work item, four independent sums. */
  public static final Version<Arguments> ROW_PER_THREAD =
      version("rowPerThread", Version.Target.CPU, CrossEntropy::rowPerThread, 1);

  /** One row a workgroup. */
  public static final Version<Arguments> ROW_PER_GROUP =
      version("rowPerGroup", Version.Target.GPU, CrossEntropy::rowPerGroup, GROUP);

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS =
      List.of(NAIVE, ROW_PER_THREAD, ROW_PER_GROUP);

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
}
