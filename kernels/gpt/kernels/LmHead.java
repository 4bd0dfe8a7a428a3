package gpt.kernels;

import gpt.kernels.runtime.KvCache;
import gpt.kernels.runtime.Matrix;
import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Unused;
import gpt.kernels.runtime.Version;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * logits[r, v] = Σ_c x[r, c] · W[v, c]
 *
 * shapes    x (logit rows, C) · W (V, C) · logits (logit rows, V)
 * bound     one row: memory-bound, 4·V·C bytes (f32) for 2·V·C FLOPs; 154 MB for GPT-2, of 500 MB of
 *           weights that a token reads
 * threads   see {@link Projection}
 * example   x = 1, 2 and W = (3, 4), (5, 6): logits 1 · 3 + 2 · 4 = 11 and 1 · 5 + 2 · 6 = 17
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one logit a work item.
 *   <li>{@code rowPerThread}, {@code blockPerThread}, {@code tiled}, {@code rowPerWarp}, {@code
 *       rowPerWarpLocal}: see {@link Projection}.
 * </ul>
 *
 * <p>Read before: {@link gpt.kernels.runtime.Copy}. After: {@link Projection}.
 *
 * <p>Source: nanoGPT's {@code lm_head}, its weight tied to {@code wte} or not. Test: {@code
 * ProjectionTest}. Benchmark: {@code scripts/bench --operations lm-head}.
 */
public final class LmHead {
  private LmHead() {}

  /**
   * The formula: row {@code row} of w times the c elements of x from {@code from} on. The naive
   * versions of the other projections have it too.
   */
  static float product(
      FloatArray x,
      int from,
      int dtype,
      FloatArray f32,
      HalfFloatArray f16,
      IntArray i8,
      int row,
      int c) {
    int w = row * Matrix.stride(dtype, c);
    float sum = 0;
    for (int i = 0; i < c; i++) {
      sum += x.get(from + i) * Matrix.at(dtype, f32, f16, i8, w + i);
    }
    return Matrix.scaled(dtype, f32, row, sum);
  }

  static void naive(
      IntArray pass,
      FloatArray x,
      int dtype,
      FloatArray f32,
      HalfFloatArray f16,
      IntArray i8,
      FloatArray logits,
      int maxRows,
      int vocabSize,
      int c) {
    for (@Parallel int r = 0; r < maxRows; r++) {
      for (@Parallel int v = 0; v < vocabSize; v++) {
        if (r < pass.get(Pass.LOGIT_ROWS)) {
          logits.set(r * vocabSize + v, product(x, r * c, dtype, f32, f16, i8, v, c));
        }
      }
    }
  }

  // Plumbing: arguments, tasks and grids.

  /**
   * Arguments of a launch.
   *
   * @param pass see {@link Pass}; rows are {@link Pass#LOGIT_ROWS}
   * @param x (logit rows, C), or what it is computed from
   * @param w (V, C)
   * @param logits (logit rows, V), the result
   * @param maxRows capacity of x and logits in rows
   * @param unused one-element arrays for arguments that only other projections read
   */
  public record Arguments(
      IntArray pass, Source x, Matrix w, FloatArray logits, int maxRows, Unused unused) {
    private Projection.Arguments common() {
      return new Projection.Arguments(
          Epilogue.LOGITS,
          pass,
          x.rows(),
          unused.slots(),
          x,
          w,
          unused.bias(),
          logits,
          KvCache.unused(unused, 1, 1),
          maxRows);
    }
  }

  /** All versions, the naive one first. */
  public static final Projection.Versions<Arguments> VERSIONS =
      Projection.versions(
          Version.parallel(
              (graph, id, a) ->
                  graph.task(
                      id,
                      LmHead::naive,
                      a.pass,
                      a.x.asItIs(),
                      a.w.dtype(),
                      a.w.f32(),
                      a.w.f16(),
                      a.w.i8(),
                      a.logits,
                      a.maxRows,
                      a.w.n(),
                      a.w.k())),
          Arguments::common);
}
