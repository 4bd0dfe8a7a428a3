package gpt.kernels;

import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Version;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task10;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * y[r, c] = (x[r, c] − mean) / √(variance + ε) · weight[c] + bias[c]
 *           mean = Σ x / C,  variance = Σ (x − mean)² / C,  each over row r
 *
 * shapes    x, y (R, C) · weights (L, 2, C), or (2, C) for the final norm: weight, then bias
 * bound     memory: 16·R·C bytes for 8·R·C FLOPs; one row of GPT-2 is 12 kB: launch-bound
 * threads   two reductions per row: the mean, then the variance around it. Computing Σ x and Σ x²
 *           in one pass would lose the variance of a row with a large mean to cancellation
 * example   x = 1, 2, 3, 6: mean 3, variance (4 + 1 + 0 + 9) / 4 = 3.5, its root 1.871 (ε = 0), so
 *           (x − mean) / root = −1.069, −0.535, 0, 1.604
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one row per work item, one running sum.
 *   <li>{@code rowPerThread}: one row per work item, four independent sums.
 *   <li>{@code rowPerGroup}: one row per workgroup of 128; coalesced loads, then tree reductions in
 *       local memory.
 * </ul>
 *
 * <p>{@link Place} selects one of the model's norms: which rows of x are normalized, and with which
 * block's weights. A GPU launches this kernel for prompts only: with few rows, {@link
 * WarpProjection} computes the norm itself.
 *
 * <p>Read before: {@link gpt.kernels.runtime.Copy}. After: {@link Projection}.
 *
 * <p>Source: nanoGPT's {@code LayerNorm}; Ba, Kiros and Hinton, 2016. Test: {@code RowsTest}.
 * Benchmark: {@code scripts/bench --operations layernorm}.
 */
public final class LayerNorm {
  /** Workgroup size of {@code rowPerGroup}. */
  private static final int GROUP = 128;

  private LayerNorm() {}

  /** The formula: row {@code from} of x to row {@code to} of y. */
  private static void formula(
      FloatArray x,
      int from,
      FloatArray weights,
      int gain,
      FloatArray y,
      int to,
      int c,
      float eps) {
    float sum = 0;
    for (int i = 0; i < c; i++) {
      sum += x.get(from + i);
    }
    float mean = sum / c;
    float squares = 0;
    for (int i = 0; i < c; i++) {
      float d = x.get(from + i) - mean;
      squares += d * d;
    }
    float inverse = 1 / TornadoMath.sqrt(squares / c + eps);
    for (int i = 0; i < c; i++) {
      float normed = (x.get(from + i) - mean) * inverse;
      y.set(to + i, normed * weights.get(gain + i) + weights.get(gain + c + i));
    }
  }

  static void naive(
      IntArray pass,
      FloatArray x,
      IntArray rowOf,
      FloatArray weights,
      FloatArray y,
      int maxRows,
      int c,
      float epsilon,
      int place) {
    for (@Parallel int r = 0; r < maxRows; r++) {
      if (r < rows(pass, place)) {
        int gain = block(pass, place) * 2 * c;
        formula(x, row(rowOf, r, place) * c, weights, gain, y, r * c, c, epsilon);
      }
    }
  }

  static void rowPerThread(
      KernelContext context,
      IntArray pass,
      FloatArray x,
      IntArray rowOf,
      FloatArray weights,
      FloatArray y,
      int maxRows,
      int c,
      float epsilon,
      int place) {
    int r = context.globalIdx;
    if (r < rows(pass, place)) {
      int from = row(rowOf, r, place) * c;
      int gain = block(pass, place) * 2 * c;
      float mean = sum(x, from, c, 0, 1) / c;
      float variance = squares(x, from, c, mean, 0, 1) / c;
      float inverse = 1 / TornadoMath.sqrt(variance + epsilon);
      for (int i = 0; i < c; i++) {
        float normed = (x.get(from + i) - mean) * inverse;
        y.set(r * c + i, normed * weights.get(gain + i) + weights.get(gain + c + i));
      }
    }
  }

  static void rowPerGroup(
      KernelContext context,
      IntArray pass,
      FloatArray x,
      IntArray rowOf,
      FloatArray weights,
      FloatArray y,
      int maxRows,
      int c,
      float epsilon,
      int place) {
    float[] sums = context.allocateFloatLocalArray(GROUP);
    int r = context.groupIdx;
    int lane = context.localIdx;
    if (r < rows(pass, place)) {
      int from = row(rowOf, r, place) * c;
      int gain = block(pass, place) * 2 * c;
      float mean = 0;
      float variance = 0;
      for (int round = 0; round < 2; round++) {
        if (round == 0) {
          sums[lane] = sum(x, from, c, lane, GROUP);
        } else {
          sums[lane] = squares(x, from, c, mean, lane, GROUP);
        }
        for (int half = GROUP / 2; half > 0; half = half / 2) {
          context.localBarrier();
          if (lane < half) {
            sums[lane] = sums[lane] + sums[lane + half];
          }
        }
        context.localBarrier();
        if (round == 0) {
          mean = sums[0] / c;
        } else {
          variance = sums[0] / c;
        }
        context.localBarrier(); // all lanes must read the sum before the next round overwrites it
      }
      float inverse = 1 / TornadoMath.sqrt(variance + epsilon);
      for (int i = lane; i < c; i += GROUP) {
        float normed = (x.get(from + i) - mean) * inverse;
        y.set(r * c + i, normed * weights.get(gain + i) + weights.get(gain + c + i));
      }
    }
  }

  /**
   * One lane's part of the sum of a row: elements lane, lane + lanes, …, in four independent sums.
   */
  private static float sum(FloatArray x, int from, int c, int lane, int lanes) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    int i = lane;
    while (i < c - 3 * lanes) {
      s0 += x.get(from + i);
      s1 += x.get(from + i + lanes);
      s2 += x.get(from + i + 2 * lanes);
      s3 += x.get(from + i + 3 * lanes);
      i += 4 * lanes;
    }
    while (i < c) {
      s0 += x.get(from + i);
      i += lanes;
    }
    return (s0 + s1) + (s2 + s3);
  }

  /** Like {@link #sum}, for the squared differences from the mean. */
  private static float squares(FloatArray x, int from, int c, float mean, int lane, int lanes) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    int i = lane;
    while (i < c - 3 * lanes) {
      float d0 = x.get(from + i) - mean;
      float d1 = x.get(from + i + lanes) - mean;
      float d2 = x.get(from + i + 2 * lanes) - mean;
      float d3 = x.get(from + i + 3 * lanes) - mean;
      s0 += d0 * d0;
      s1 += d1 * d1;
      s2 += d2 * d2;
      s3 += d3 * d3;
      i += 4 * lanes;
    }
    while (i < c) {
      float d = x.get(from + i) - mean;
      s0 += d * d;
      i += lanes;
    }
    return (s0 + s1) + (s2 + s3);
  }

  // Plumbing: which rows and weights, arguments, tasks and grids.

  /** Number of rows to normalize. */
  private static int rows(IntArray pass, int place) {
    if (place == FINAL) {
      return pass.get(Pass.LOGIT_ROWS);
    }
    return pass.get(Pass.ROWS);
  }

  /** The row of x for row r of y. */
  private static int row(IntArray rowOf, int r, int place) {
    if (place == FINAL) {
      return rowOf.get(r);
    }
    return r;
  }

  /** Index of the block whose weights are read; the final norm has only one row of them. */
  private static int block(IntArray pass, int place) {
    if (place == FINAL) {
      return 0;
    }
    if (place == ATTENTION) {
      return pass.get(Pass.BLOCK);
    }
    return pass.get(Pass.MLP_BLOCK);
  }

  // Ordinals of Place, which the kernels receive as an int.
  private static final int ATTENTION = 0;
  private static final int FINAL = 2;

  /** Where the norm is in the model. */
  public enum Place {
    /** Before a block's attention. */
    ATTENTION,
    /** Before a block's MLP. */
    MLP,
    /** Before lm_head: only the rows whose logits are computed, gathered by {@code rowOf}. */
    FINAL
  }

  /**
   * Arguments of a launch.
   *
   * @param pass see {@link Pass}
   * @param x (R, C)
   * @param rowOf the row of x for each row of y (R); read by {@link Place#FINAL} only
   * @param weights weight and bias (L, 2, C), or (2, C) for {@link Place#FINAL}
   * @param y (R, C), the result
   * @param maxRows capacity of y in rows
   * @param c channels C
   * @param epsilon added to the variance
   * @param place which norm of the model it is
   */
  public record Arguments(
      IntArray pass,
      FloatArray x,
      IntArray rowOf,
      FloatArray weights,
      FloatArray y,
      int maxRows,
      int c,
      float epsilon,
      Place place) {}

  /** One row per work item. */
  public static final Version<Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(
                  id,
                  LayerNorm::naive,
                  a.pass,
                  a.x,
                  a.rowOf,
                  a.weights,
                  a.y,
                  a.maxRows,
                  a.c,
                  a.epsilon,
                  a.place.ordinal()));

  /** One row per work item, four independent sums. */
  public static final Version<Arguments> ROW_PER_THREAD =
      version(
          "rowPerThread",
          Version.Target.CPU,
          LayerNorm::rowPerThread,
          (a, rows) -> Version.groups(rows, 1));

  /** One row per workgroup. */
  public static final Version<Arguments> ROW_PER_GROUP =
      version(
          "rowPerGroup",
          Version.Target.GPU,
          LayerNorm::rowPerGroup,
          (a, rows) -> Version.groups(rows, GROUP));

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS =
      List.of(NAIVE, ROW_PER_THREAD, ROW_PER_GROUP);

  private static Version<Arguments> version(
      String name,
      Version.Target target,
      Task10<
              KernelContext,
              IntArray,
              FloatArray,
              IntArray,
              FloatArray,
              FloatArray,
              Integer,
              Integer,
              Float,
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
                a.x,
                a.rowOf,
                a.weights,
                a.y,
                a.maxRows,
                a.c,
                a.epsilon,
                a.place.ordinal()),
        grid);
  }
}
