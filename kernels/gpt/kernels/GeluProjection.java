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
 * y = GELU(x · Wᵀ + bias): the first projection of the MLP, with the activation as its epilogue
 *
 * shapes    x (R, C) · W (L, H, C) · bias (L, H) · y (R, H)
 * bound     one row: memory-bound, 16·C² bytes (f32, H = 4C); many rows: compute-bound, 8·R·C² FLOPs
 * threads   see {@link Projection}
 * example   x · Wᵀ + bias = −1, 0, 1, 2: y = −0.159, 0, 0.841, 1.954, as GELU(x) = x · Φ(x), Φ(1) = 0.841
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one output a work item.
 *   <li>{@code rowPerThread}, {@code blockPerThread}, {@code tiled}, {@code rowPerWarp}, {@code
 *       rowPerWarpLocal}, {@code tensorCores}: see {@link Projection}.
 * </ul>
 *
 * <p>One work item also advances the block index, {@link Pass#BLOCK}.
 *
 * <p>Read before: {@link LmHead}, {@link Gelu}. After: {@link ResidualProjection}.
 *
 * <p>Source: nanoGPT's {@code mlp.c_fc} and {@code gelu}. Test: {@code ProjectionTest}. Benchmark:
 * {@code scripts/bench --operations gelu}.
 */
public final class GeluProjection {
  private GeluProjection() {}

  static void naive(
      IntArray pass,
      int form,
      FloatArray x,
      int dtype,
      FloatArray f32,
      HalfFloatArray f16,
      IntArray i8,
      FloatArray bias,
      FloatArray y,
      int n,
      int k,
      int maxRows) {
    for (@Parallel int r = 0; r < maxRows; r++) {
      for (@Parallel int o = 0; o < n; o++) {
        if (r < pass.get(Pass.ROWS)) {
          int row = pass.get(Pass.MLP_BLOCK) * n + o;
          float h = LmHead.product(x, r * k, dtype, f32, f16, i8, row, k) + bias.get(row);
          y.set(r * n + o, Gelu.apply(form, h));
        }
        advanceBlock(pass, r, o);
      }
    }
  }

  // Plumbing: the block index, arguments, tasks and grids.

  /** Has the first work item advance the block index. */
  private static void advanceBlock(IntArray pass, int r, int o) {
    if (r == 0) {
      if (o == 0) {
        advanceBlock(pass);
      }
    }
  }

  /** Advances the block index. No kernel that reads it runs now. */
  static void advanceBlock(IntArray pass) {
    pass.set(Pass.BLOCK, pass.get(Pass.MLP_BLOCK) + 1);
  }

  /**
   * Arguments of a launch.
   *
   * @param pass see {@link Pass}
   * @param x (R, C), or what it is computed from
   * @param w (L, H, C)
   * @param bias (L, H)
   * @param y (R, H), the result
   * @param form {@link Gelu#EXACT} or {@link Gelu#TANH}
   * @param maxRows capacity of x and y in rows
   * @param unused one-element arrays for arguments that only other projections read
   */
  public record Arguments(
      IntArray pass,
      Source x,
      Matrix w,
      FloatArray bias,
      FloatArray y,
      int form,
      int maxRows,
      Unused unused) {
    private Projection.Arguments common() {
      return new Projection.Arguments(
          form == Gelu.EXACT ? Epilogue.GELU_EXACT : Epilogue.GELU_TANH,
          pass,
          x.rows(),
          unused.slots(),
          x,
          w,
          bias,
          y,
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
                      GeluProjection::naive,
                      a.pass,
                      a.form,
                      a.x.asItIs(),
                      a.w.dtype(),
                      a.w.f32(),
                      a.w.f16(),
                      a.w.i8(),
                      a.bias,
                      a.y,
                      a.w.n(),
                      a.w.k(),
                      a.maxRows)),
          Arguments::common);
}
