package gpt.kernels;

import gpt.kernels.runtime.Matrix;
import gpt.kernels.runtime.Version;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.enums.MMAShape;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * {@link Projection} for many rows on the tensor cores of a GPU, which multiply halves and add up in f32:
 *
 *   product[n, r] = Σₖ half(w[n, k]) · half(x[r, k]),   y[r, n] = epilogue(product[n, r])
 *
 * shapes    as {@link Projection}; product (N, R), each rounded up to 64
 * bound     compute-bound: 2·R·N·K FLOPs for 2·N·K bytes of weights (f16) and 4·(R·K + R·N) of x and y. A
 *           tile of 64 × 64 outputs reads 64 weights and 64 elements of x for each 4,096 multiply-adds
 * threads   a tile a workgroup of 4 warps, 32 × 32 outputs a warp: 2 × 4 products of 16 × 8 (mma.sync)
 * example   x = 1, 2.0005 and a row of w = 3, 4: the half next to 2.0005 is 2, as adjacent halves there are
 *           0.002 apart, so the product is 1 · 3 + 2 · 4 = 11 instead of 11.002
 * </pre>
 *
 * <p>x and f32 weights are rounded to halves; f16 and i8 weights are halves exactly, and the scale
 * of an i8 row is applied to the sum. So results differ from those of {@code tiled}, and the order
 * in which tensor cores add up is not specified: this version is outside the promise that a row's
 * bits are the same however a prompt is divided. It runs only if one asks for it.
 *
 * <ol>
 *   <li>Tiles of w and x, 64 × 32 each, are staged in local memory as halves, two to an int: in w
 *       adjacent elements of a row, in x the elements of adjacent rows, as the instruction expects
 *       its two operands. Adjacent lanes load adjacent elements (coalesced).
 *   <li>Each warp multiplies its part, with 32 sums of each lane in registers.
 *   <li>TornadoVM can store the sums of a warp, but has no access to those of a lane. So they go
 *       through the array product, and the workgroup applies the epilogue to its tile.
 * </ol>
 *
 * <p>Counted for the CUDA backend and sm_90 (gpt2, f16): 96 to 120 registers, no spills, 8 KB of
 * local memory.
 *
 * <p>Named fragments instead of arrays of them, since TornadoVM keeps each in registers.
 *
 * <p>Read before: {@link BlockedProjection}, {@link gpt.kernels.runtime.Matrix}. After: {@link
 * WarpProjection}.
 *
 * <p>Source: TornadoVM's {@code MatrixMultiplicationMMA}. Test: {@code TensorProjectionTest}.
 * Benchmark: {@code scripts/bench --operations qkv,residual,gelu}, beside cuBLAS; no GPU has run it
 * yet.
 */
final class TensorProjection {
  /** Outputs along each side of a tile. */
  private static final int TILE = 64;

  /** Elements along k that are staged at once, two instructions deep. */
  private static final int DEPTH = 32;

  /** Elements along k of an instruction. */
  private static final int STEP = 16;

  /** Columns of an instruction's second operand. */
  private static final int COLUMNS = 8;

  private static final int WARP = 32;

  private static final int GROUP = 4 * WARP;

  /** Ints of a tile that one instruction step takes: 64 × 16 halves. */
  private static final int STEP_INTS = TILE * STEP / 2;

  /** Bytes of 16 rows of w, and of 8 columns of x, in an instruction step. */
  private static final int BAND_BYTES = 512;

  private static final int COLUMN_BYTES = 256;

  private TensorProjection() {}

  static void tensorCores(
      KernelContext context,
      int epilogue,
      IntArray pass,
      IntArray positions,
      IntArray slots,
      FloatArray x,
      int dtype,
      FloatArray f32,
      HalfFloatArray f16,
      IntArray i8,
      FloatArray bias,
      FloatArray y,
      FloatArray keys,
      FloatArray values,
      HalfFloatArray halfKeys,
      HalfFloatArray halfValues,
      FloatArray product,
      int n,
      int k,
      long cache) {
    int[] wTile = context.allocateIntLocalArray(TILE * DEPTH / 2);
    int[] xTile = context.allocateIntLocalArray(TILE * DEPTH / 2);
    int lane = context.localIdx;
    int rows = Epilogue.rows(epilogue, pass);
    int first = Epilogue.block(epilogue, pass) * n;
    if (context.globalIdx == 0) {
      if (context.globalIdy == 0) {
        Epilogue.advanceBlock(epilogue, pass);
      }
    }
    int stride = Matrix.stride(dtype, k);
    int tileO = context.groupIdx * TILE;
    int tileR = context.groupIdy * TILE;
    int warpO = lane / WARP / 2 * 32;
    int warpR = lane / WARP % 2 * 32;
    float[] c00 = context.mmaFragment(0);
    float[] c01 = context.mmaFragment(0);
    float[] c02 = context.mmaFragment(0);
    float[] c03 = context.mmaFragment(0);
    float[] c10 = context.mmaFragment(0);
    float[] c11 = context.mmaFragment(0);
    float[] c12 = context.mmaFragment(0);
    float[] c13 = context.mmaFragment(0);
    for (int from = 0; from < k; from += DEPTH) {
      // 1. Two elements a lane and turn; zeros past the end.
      for (int e = lane; e < TILE * DEPTH / 2; e += GROUP) {
        int pair = e % (DEPTH / 2);
        int line = e / (DEPTH / 2);
        int at = (first + tileO + line) * stride + from + 2 * pair;
        float low = 0;
        float high = 0;
        if (tileO + line < n) {
          if (from + 2 * pair < k) {
            if (dtype == Matrix.F16) { // a row has whole words
              low = Matrix.low(f16, at / 2);
              high = Matrix.high(f16, at / 2);
            }
            if (dtype != Matrix.F16) {
              low = Matrix.at(dtype, f32, f16, i8, at);
              if (from + 2 * pair + 1 < k) {
                high = Matrix.at(dtype, f32, f16, i8, at + 1);
              }
            }
          }
        }
        int to = pair / (STEP / 2) * STEP_INTS + line * (STEP / 2) + pair % (STEP / 2);
        wTile[to] = packed(low, high);
      }
      for (int e = lane; e < TILE * DEPTH / 2; e += GROUP) {
        int depth = e % DEPTH;
        int r = e / DEPTH * 2;
        float low = 0;
        float high = 0;
        if (from + depth < k) {
          if (tileR + r < rows) {
            low = x.get((tileR + r) * k + from + depth);
          }
          if (tileR + r + 1 < rows) {
            high = x.get((tileR + r + 1) * k + from + depth);
          }
        }
        int band = depth / STEP * STEP_INTS + r / COLUMNS * (STEP * COLUMNS / 2);
        xTile[band + depth % STEP * (COLUMNS / 2) + r % COLUMNS / 2] = packed(low, high);
      }
      context.localBarrier();

      // 2. Two instruction steps.
      for (int step = 0; step < DEPTH / STEP; step++) {
        int w = step * STEP_INTS * 4 + warpO / STEP * BAND_BYTES;
        int b = step * STEP_INTS * 4 + warpR / COLUMNS * COLUMN_BYTES;
        HalfFloat[] a0 = context.mmaLoadA(wTile, STEP, w);
        HalfFloat[] a1 = context.mmaLoadA(wTile, STEP, w + BAND_BYTES);
        HalfFloat[] b0 = context.mmaLoadB(xTile, STEP, b);
        HalfFloat[] b1 = context.mmaLoadB(xTile, STEP, b + COLUMN_BYTES);
        HalfFloat[] b2 = context.mmaLoadB(xTile, STEP, b + 2 * COLUMN_BYTES);
        HalfFloat[] b3 = context.mmaLoadB(xTile, STEP, b + 3 * COLUMN_BYTES);
        c00 = context.mma(a0, b0, c00, MMAShape.M16N8K16);
        c01 = context.mma(a0, b1, c01, MMAShape.M16N8K16);
        c02 = context.mma(a0, b2, c02, MMAShape.M16N8K16);
        c03 = context.mma(a0, b3, c03, MMAShape.M16N8K16);
        c10 = context.mma(a1, b0, c10, MMAShape.M16N8K16);
        c11 = context.mma(a1, b1, c11, MMAShape.M16N8K16);
        c12 = context.mma(a1, b2, c12, MMAShape.M16N8K16);
        c13 = context.mma(a1, b3, c13, MMAShape.M16N8K16);
      }
      context.localBarrier();
    }

    // 3. Through memory to the epilogue.
    int width = (rows + TILE - 1) / TILE * TILE;
    int o = tileO + warpO;
    int r = tileR + warpR;
    context.mmaStore(c00, product, o, r, width);
    context.mmaStore(c01, product, o, r + 8, width);
    context.mmaStore(c02, product, o, r + 16, width);
    context.mmaStore(c03, product, o, r + 24, width);
    context.mmaStore(c10, product, o + 16, r, width);
    context.mmaStore(c11, product, o + 16, r + 8, width);
    context.mmaStore(c12, product, o + 16, r + 16, width);
    context.mmaStore(c13, product, o + 16, r + 24, width);
    context.globalBarrier();
    for (int e = lane; e < TILE * TILE; e += GROUP) {
      int output = tileO + e % TILE;
      int line = tileR + e / TILE;
      if (output < n) {
        if (line < rows) {
          int row = first + output;
          float value = Matrix.scaled(dtype, f32, row, product.get(output * width + line));
          Epilogue.apply(
              epilogue,
              pass,
              positions,
              slots,
              bias,
              y,
              keys,
              values,
              halfKeys,
              halfValues,
              line,
              output,
              row,
              value,
              n,
              cache);
        }
      }
    }
  }

  /** Two floats, rounded to halves, in an int. */
  private static int packed(float low, float high) {
    int first = new HalfFloat(low).getHalfFloatValue() & 0xFFFF;
    int second = new HalfFloat(high).getHalfFloatValue() & 0xFFFF;
    return first | (second << 16);
  }

  // Plumbing: the array of the sums, and the grid.

  /** Elements of {@code product} for n outputs of so many rows. */
  static long productSize(int n, int rows) {
    return (long) Math.ceilDiv(n, TILE) * TILE * Math.ceilDiv(rows, TILE) * TILE;
  }

  static WorkerGrid tiles(int n, int rows) {
    return Version.groups(Math.ceilDiv(n, TILE), Math.ceilDiv(rows, TILE), GROUP);
  }
}
