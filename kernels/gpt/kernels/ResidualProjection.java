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
 * x += y · Wᵀ + bias: the last projection of a branch, fused with the addition to the residual stream
 *
 * shapes    attention: y (R, C) · W (L, C, C);  MLP: y (R, H) · W (L, C, H)
 *           bias (L, C) · x (R, C)
 * bound     one row: memory-bound, 4·C² or 16·C² bytes (f32)
 *           many rows: compute-bound, 2·R·C² or 8·R·C² FLOPs
 * threads   see {@link Projection}
 * example   x = 5, y = 1, 2, the row of W = 3, 4 and bias 0.5: x becomes 5 + (1 · 3 + 2 · 4) + 0.5 = 16.5
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one output a work item.
 *   <li>{@code rowPerThread}, {@code blockPerThread}, {@code tiled}, {@code rowPerWarp}, {@code
 *       rowPerWarpLocal}, {@code tensorCores}: see {@link Projection}.
 * </ul>
 *
 * <p>Read before: {@link LmHead}. After: {@link LayerNorm}.
 *
 * <p>Source: nanoGPT's {@code attn.c_proj} and {@code mlp.c_proj} with the additions in {@code
 * Block.forward}. Test: {@code ProjectionTest}. Benchmark: {@code scripts/bench --operations
 * attention-projection,residual}.
 */
public final class ResidualProjection {
  private ResidualProjection() {}

  static void naive(
      IntArray pass,
      int blockAt,
      FloatArray y,
      int dtype,
      FloatArray f32,
      HalfFloatArray f16,
      IntArray i8,
      FloatArray bias,
      FloatArray x,
      int n,
      int k,
      int maxRows) {
    for (@Parallel int r = 0; r < maxRows; r++) {
      for (@Parallel int o = 0; o < n; o++) {
        if (r < pass.get(Pass.ROWS)) {
          int row = pass.get(blockAt) * n + o;
          float branch = LmHead.product(y, r * k, dtype, f32, f16, i8, row, k) + bias.get(row);
          x.set(r * n + o, x.get(r * n + o) + branch);
        }
      }
    }
  }

  // Plumbing: arguments, tasks and grids.

  /** The branch that is added to the residual stream. */
  public enum Branch {
    /** The block's attention. */
    ATTENTION(Epilogue.RESIDUAL_ATTENTION, Pass.BLOCK),
    /** The block's MLP. */
    MLP(Epilogue.RESIDUAL_MLP, Pass.MLP_BLOCK);

    private final int epilogue;

    /** Index of the block's index in {@code pass}. */
    private final int blockAt;

    Branch(int epilogue, int blockAt) {
      this.epilogue = epilogue;
      this.blockAt = blockAt;
    }
  }

  /**
   * Arguments of a launch.
   *
   * @param pass see {@link Pass}
   * @param branch attention or MLP
   * @param y the branch's output (R, K), or the chunks of split attention
   * @param w (L, C, K)
   * @param bias (L, C)
   * @param x (R, C), read and written
   * @param maxRows capacity of y and x in rows
   * @param unused one-element arrays for arguments that only other projections read
   */
  public record Arguments(
      IntArray pass,
      Branch branch,
      Source y,
      Matrix w,
      FloatArray bias,
      FloatArray x,
      int maxRows,
      Unused unused) {
    private Projection.Arguments common() {
      return new Projection.Arguments(
          branch.epilogue,
          pass,
          y.rows(),
          unused.slots(),
          y,
          w,
          bias,
          x,
          KvCache.unused(unused, y.heads(), y.contextLength()),
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
                      ResidualProjection::naive,
                      a.pass,
                      a.branch.blockAt,
                      a.y.asItIs(),
                      a.w.dtype(),
                      a.w.f32(),
                      a.w.f16(),
                      a.w.i8(),
                      a.bias,
                      a.x,
                      a.w.n(),
                      a.w.k(),
                      a.maxRows)),
          Arguments::common);
}
