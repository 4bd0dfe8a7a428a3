package gpt.kernels;

import gpt.kernels.runtime.Matrix;
import gpt.kernels.runtime.Version;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * {@link Projection} for many rows, a block of outputs at a time:
 *
 *   sums[i, j] += x[r + i, k] · w[o + j, k]  for each k,   y[r + i, o + j] = epilogue(sums[i, j])
 *
 * so that each loaded weight is used for several rows, and each loaded input for several outputs
 *
 * shapes    as {@link Projection}
 * bound     compute-bound: 2·R·N·K FLOPs for at least 4·(N·K + R·K + R·N) bytes. A block of m × n outputs
 *           loads (m + n) / (m·n) floats for each multiply-add
 * threads   see each version
 * example   x = (1, 2), (3, 4) and w = (5, 6), (7, 8), so y = (17, 23), (39, 53): for each k, a block of 2 × 2
 *           loads 2 + 2 floats for 4 multiply-adds; four blocks of 1 × 1 load 8
 * </pre>
 *
 * <ul>
 *   <li>{@code blockPerThread}: 4 × 4 outputs a work item in registers, so 8 loads for 16
 *       multiply-adds. 26 GFLOP/s on two cores.
 *   <li>{@code tiled}: 64 × 64 outputs a workgroup of 128, 8 × 4 in the registers of each work
 *       item. Tiles of x and w of depth 16 are staged in local memory, without bank conflicts: from
 *       global memory 1 load for 32 multiply-adds, from local memory 3 for 8, which bounds it to
 *       two thirds of an NVIDIA GPU's peak (a word for 32 lanes in a cycle, 128 multiply-adds). 96
 *       registers on CUDA, 63 on PTX, no stack, no spills (sm_90).
 * </ul>
 *
 * <p>Rejected for {@code tiled}: 4 × 4 outputs of 256 work items, 1 load for 2 multiply-adds, and
 * adjacent outputs a work item, whose lanes share banks two by two: a third of the peak. 8 × 8
 * outputs, 1 load for 4, but 64 × 64 tiles of 2 warps leave half of the schedulers of a
 * multiprocessor idle, and larger tiles half of the multiprocessors (N = 768, R = 512: 24 tiles of
 * 128 × 128). Loads of 4 words from local memory: nvcc makes none, since TornadoVM declares its
 * arrays with the alignment of a float.
 *
 * <p>Rejected, 256 × 3072 × 768 on two cores (PoCL): blocks with 4, 8 or 16 sums along k for each
 * output, for the compiler to vectorize, 7 to 21 GFLOP/s; 8 × 4 outputs, 19; weights packed 16
 * outputs wide, 16.
 *
 * <p>Read before: {@link Projection}. After: {@link TensorProjection}, {@link WarpProjection}.
 *
 * <p>Source: the CUDA programming guide's shared-memory matrix product; Boehm, "How to optimize a
 * CUDA matmul kernel" (2022). Test: {@code ProjectionTest}. Benchmark: {@code scripts/bench
 * --operations lm-head,qkv,residual,gelu}.
 */
final class BlockedProjection {
  /** Outputs of each row in a work item's block; and the rows of {@code blockPerThread}. */
  private static final int BLOCK = 4;

  /** Rows in a work item's block of {@code tiled}. */
  private static final int TILED_ROWS = 8;

  /** Outputs along each side of a workgroup's tile. */
  private static final int TILE = 64;

  /** Adjacent lanes that share rows; each has every 16th output of the tile. */
  private static final int LANES = TILE / BLOCK;

  /** Elements along k that are staged at once. */
  private static final int DEPTH = 16;

  /**
   * A tile's row stride in local memory. A warp writes 16 depths of two lines: with TILE + 2 each
   * of its lanes to another bank.
   */
  private static final int STRIDE = TILE + 2;

  /** Workgroup size of {@code tiled}. */
  private static final int TILE_GROUP = LANES * (TILE / TILED_ROWS);

  private BlockedProjection() {}

  static void blockPerThread(
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
      int n,
      int k,
      long cache) {
    float[] sums = new float[BLOCK * BLOCK];
    int rows = Epilogue.rows(epilogue, pass);
    int first = Epilogue.block(epilogue, pass) * n;
    int o = context.globalIdx * BLOCK;
    int r = context.globalIdy * BLOCK;
    // Indices past the end are clamped; their results are not stored.
    int x0 = TornadoMath.min(r, rows - 1) * k;
    int x1 = TornadoMath.min(r + 1, rows - 1) * k;
    int x2 = TornadoMath.min(r + 2, rows - 1) * k;
    int x3 = TornadoMath.min(r + 3, rows - 1) * k;
    int stride = Matrix.stride(dtype, k);
    int w0 = (first + TornadoMath.min(o, n - 1)) * stride;
    int w1 = (first + TornadoMath.min(o + 1, n - 1)) * stride;
    int w2 = (first + TornadoMath.min(o + 2, n - 1)) * stride;
    int w3 = (first + TornadoMath.min(o + 3, n - 1)) * stride;
    for (int i = 0; i < BLOCK * BLOCK; i++) {
      sums[i] = 0;
    }
    for (int i = 0; i < k; i++) {
      float a0 = x.get(x0 + i);
      float a1 = x.get(x1 + i);
      float a2 = x.get(x2 + i);
      float a3 = x.get(x3 + i);
      float b0 = Matrix.at(dtype, f32, f16, i8, w0 + i);
      float b1 = Matrix.at(dtype, f32, f16, i8, w1 + i);
      float b2 = Matrix.at(dtype, f32, f16, i8, w2 + i);
      float b3 = Matrix.at(dtype, f32, f16, i8, w3 + i);
      sums[0] += a0 * b0;
      sums[1] += a0 * b1;
      sums[2] += a0 * b2;
      sums[3] += a0 * b3;
      sums[4] += a1 * b0;
      sums[5] += a1 * b1;
      sums[6] += a1 * b2;
      sums[7] += a1 * b3;
      sums[8] += a2 * b0;
      sums[9] += a2 * b1;
      sums[10] += a2 * b2;
      sums[11] += a2 * b3;
      sums[12] += a3 * b0;
      sums[13] += a3 * b1;
      sums[14] += a3 * b2;
      sums[15] += a3 * b3;
    }
    for (int i = 0; i < BLOCK; i++) {
      for (int j = 0; j < BLOCK; j++) {
        if (r + i < rows) {
          if (o + j < n) {
            int row = first + o + j;
            float value = Matrix.scaled(dtype, f32, row, sums[i * BLOCK + j]);
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
                r + i,
                o + j,
                row,
                value,
                n,
                cache);
          }
        }
      }
    }
    if (context.globalIdx == 0) {
      if (context.globalIdy == 0) {
        Epilogue.advanceBlock(epilogue, pass);
      }
    }
  }

  static void tiled(
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
      int n,
      int k,
      long cache) {
    float[] xTile = context.allocateFloatLocalArray(DEPTH * STRIDE);
    float[] wTile = context.allocateFloatLocalArray(DEPTH * STRIDE);
    int rows = Epilogue.rows(epilogue, pass);
    int first = Epilogue.block(epilogue, pass) * n;
    int lane = context.localIdx;
    if (context.globalIdx == 0) {
      if (context.globalIdy == 0) {
        Epilogue.advanceBlock(epilogue, pass);
      }
    }
    int stride = Matrix.stride(dtype, k);
    int tileO = context.groupIdx * TILE;
    int tileR = context.groupIdy * TILE;
    // This lane's block in the tile: 8 adjacent rows, and every 16th output from laneO on.
    int laneO = lane % LANES;
    int laneR = lane / LANES * TILED_ROWS;
    // Its sums, s(row)(output): variables, since TornadoVM's PTX would put an array on the stack.
    float s00 = 0, s01 = 0, s02 = 0, s03 = 0;
    float s10 = 0, s11 = 0, s12 = 0, s13 = 0;
    float s20 = 0, s21 = 0, s22 = 0, s23 = 0;
    float s30 = 0, s31 = 0, s32 = 0, s33 = 0;
    float s40 = 0, s41 = 0, s42 = 0, s43 = 0;
    float s50 = 0, s51 = 0, s52 = 0, s53 = 0;
    float s60 = 0, s61 = 0, s62 = 0, s63 = 0;
    float s70 = 0, s71 = 0, s72 = 0, s73 = 0;
    for (int from = 0; from < k; from += DEPTH) {
      // Coalesced: 16 adjacent lanes load 16 adjacent elements of a row. Zeros past the end.
      for (int j = 0; j < TILE * DEPTH / TILE_GROUP; j++) {
        int element = lane + j * TILE_GROUP;
        int depth = element % DEPTH;
        int line = element / DEPTH;
        float a = 0;
        float b = 0;
        if (from + depth < k) {
          if (tileR + line < rows) {
            a = x.get((tileR + line) * k + from + depth);
          }
          if (tileO + line < n) {
            int row = (first + tileO + line) * stride;
            b = Matrix.at(dtype, f32, f16, i8, row + from + depth);
          }
        }
        xTile[depth * STRIDE + line] = a;
        wTile[depth * STRIDE + line] = b;
      }
      context.localBarrier();
      for (int depth = 0; depth < DEPTH; depth++) {
        int at = depth * STRIDE;
        float b0 = wTile[at + laneO];
        float b1 = wTile[at + laneO + LANES];
        float b2 = wTile[at + laneO + 2 * LANES];
        float b3 = wTile[at + laneO + 3 * LANES];
        float a0 = xTile[at + laneR];
        float a1 = xTile[at + laneR + 1];
        float a2 = xTile[at + laneR + 2];
        float a3 = xTile[at + laneR + 3];
        float a4 = xTile[at + laneR + 4];
        float a5 = xTile[at + laneR + 5];
        float a6 = xTile[at + laneR + 6];
        float a7 = xTile[at + laneR + 7];
        s00 += a0 * b0;
        s01 += a0 * b1;
        s02 += a0 * b2;
        s03 += a0 * b3;
        s10 += a1 * b0;
        s11 += a1 * b1;
        s12 += a1 * b2;
        s13 += a1 * b3;
        s20 += a2 * b0;
        s21 += a2 * b1;
        s22 += a2 * b2;
        s23 += a2 * b3;
        s30 += a3 * b0;
        s31 += a3 * b1;
        s32 += a3 * b2;
        s33 += a3 * b3;
        s40 += a4 * b0;
        s41 += a4 * b1;
        s42 += a4 * b2;
        s43 += a4 * b3;
        s50 += a5 * b0;
        s51 += a5 * b1;
        s52 += a5 * b2;
        s53 += a5 * b3;
        s60 += a6 * b0;
        s61 += a6 * b1;
        s62 += a6 * b2;
        s63 += a6 * b3;
        s70 += a7 * b0;
        s71 += a7 * b1;
        s72 += a7 * b2;
        s73 += a7 * b3;
      }
      context.localBarrier();
    }
    // Its outputs, one after the other in a loop that is not unrolled: the next sum moves to s00.
    int endR = TornadoMath.min(tileR + laneR + TILED_ROWS, rows);
    int endO = TornadoMath.min(tileO + TILE, n);
    for (int r = tileR + laneR; r < endR; r++) {
      for (int o = tileO + laneO; o < endO; o += LANES) {
        int row = first + o;
        float value = Matrix.scaled(dtype, f32, row, s00);
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
            r,
            o,
            row,
            value,
            n,
            cache);
        s00 = s01;
        s01 = s02;
        s02 = s03;
      }
      s00 = s10;
      s01 = s11;
      s02 = s12;
      s03 = s13;
      s10 = s20;
      s11 = s21;
      s12 = s22;
      s13 = s23;
      s20 = s30;
      s21 = s31;
      s22 = s32;
      s23 = s33;
      s30 = s40;
      s31 = s41;
      s32 = s42;
      s33 = s43;
      s40 = s50;
      s41 = s51;
      s42 = s52;
      s43 = s53;
      s50 = s60;
      s51 = s61;
      s52 = s62;
      s53 = s63;
      s60 = s70;
      s61 = s71;
      s62 = s72;
      s63 = s73;
    }
  }

  // Plumbing: grids.

  /** The grid of {@code blockPerThread}. */
  static WorkerGrid blocks(int n, int rows) {
    int x = Math.ceilDiv(n, BLOCK * Projection.THREADS);
    return Version.groups(x, Math.ceilDiv(rows, BLOCK), Projection.THREADS);
  }

  /** The grid of {@code tiled}. */
  static WorkerGrid tiles(int n, int rows) {
    return Version.groups(Math.ceilDiv(n, TILE), Math.ceilDiv(rows, TILE), TILE_GROUP);
  }
}
