package gpt.exercises;

import gpt.kernels.Exercises;
import gpt.kernels.runtime.Version;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * <pre>
 * Exercise 8: tiles in local memory
 *
 * y[r, o] = Σ x[r, i] · w[o, i],  for many rows r
 *
 * shapes    x (rows, k) · w (n, k) · y (rows, n)
 * threads   a workgroup computes 16 × 16 outputs with 256 lanes, one each: rows from
 *           groupIdy · 16 on, outputs from groupIdx · 16 on; lane (line, column) has
 *           y[firstR + line, firstO + column]
 * </pre>
 *
 * <p>For every 16 elements of k: the lanes load a tile of 16 × 16 of x and one of w into local
 * memory, one element each; adjacent lanes load adjacent elements of a row. After a barrier, each
 * lane multiplies 16 elements, line {@code line} of the tile of x with line {@code column} of that
 * of w, and a second barrier keeps the next tiles from overwriting these. Elements past the end of
 * a matrix are 0 in the tile. The stride 17 instead of 16 keeps lanes that read a column out of the
 * same bank.
 *
 * <p>Check it with {@code scripts/exercise 8}. Ladder ({@code kernels/gpt/kernels/README.md}):
 * matrix × matrix, step 3.
 */
public final class Exercise08 {
  /** Outputs along each side of a tile. */
  private static final int TILE = 16;

  /** From one line of a tile to the next. */
  private static final int STRIDE = TILE + 1;

  private Exercise08() {}

  static void tiled(
      KernelContext context, FloatArray x, FloatArray w, FloatArray y, int rows, int n, int k) {
    float[] xTile = context.allocateFloatLocalArray(TILE * STRIDE);
    float[] wTile = context.allocateFloatLocalArray(TILE * STRIDE);
    int column = context.localIdx % TILE;
    int line = context.localIdx / TILE;
    int firstR = context.groupIdy * TILE;
    int firstO = context.groupIdx * TILE;
    // your code
  }

  // How it is launched.

  /** The kernel with its arguments and its grid. */
  public static final Version<Exercises.Matrices> VERSION =
      new Version<>(
          "tiled",
          Version.Target.ANY,
          (graph, id, a) ->
              graph.task(
                  id,
                  Exercise08::tiled,
                  new KernelContext(),
                  a.x(),
                  a.w(),
                  a.y(),
                  a.rows(),
                  a.n(),
                  a.k()),
          (a, rows) ->
              Version.groups((a.n() + TILE - 1) / TILE, (a.rows() + TILE - 1) / TILE, TILE * TILE));
}
