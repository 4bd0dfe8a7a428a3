package gpt.backend.cpu.kernels;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link CpuKernels#matmul} on the Vector API. A panel is two vectors wide. One row (decode) is
 * memory-bound: see {@link #oneRow}. Several rows (prefill, batched decode) use register blocking:
 * see {@link VectorTiles}.
 *
 * <p>With 16 rows the memory's time adds to that of arithmetic: 15 billion FMAs a second when the
 * weights come from memory, 18 from the second-level cache (AMD EPYC, AVX2, one thread). Tried and
 * rejected, by the speed relative to this: blocks of 64 to 256 steps over k, to keep them in the
 * first-level cache, 0.87 to 0.97; four panels as streams of 64 to 128 steps, 0.80 to 0.88; tiles
 * of 2 rows × 2 panels, 0.67; reading the next panel ahead in the loop, which hides the memory but
 * costs load slots and registers, 0.85 to 0.95; two or four steps over k in one iteration, 1.00 and
 * 0.60; rows interleaved in memory, 1.01.
 *
 * <p>Each element of the product is one sum over ascending k, s = fma(w, x, s) from 0, for any
 * number of rows and columns. So a row's result has the same bits alone, in a batch and in any
 * chunk of a prompt.
 *
 * <p>No method here takes or returns a vector. HotSpot always inlines the Vector API's methods, but
 * not ours: a one-line helper was not inlined, each vector passed to it was boxed on the heap, and
 * the kernel ran at a tenth of the speed.
 */
final class VectorMatmul {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int L = S.length(); // lanes: floats of a vector
  private static final long VECTOR = 4L * L; // bytes of a vector
  private static final long STEP = 2 * VECTOR; // bytes of a panel per k

  /**
   * Cache blocking over k: all rows use this many steps of a panel before the next ones. These are
   * 96 KB of weights with AVX-512, which stay in the L2 cache for the next rows.
   */
  static final int DEPTH = 768;

  /** Columns of a panel. */
  static final int WIDTH = 2 * L;

  /** Columns of the panels that one row reads at once. */
  private static final int GROUP = CpuKernels.STREAMS * WIDTH;

  /** Number of rows up to which those that tiles leave over are computed one by one. */
  private static final int MAX_UNTILED = 7;

  private VectorMatmul() {}

  static void matmul(
      float[] x,
      int xAt,
      int xStride,
      int rows,
      MemorySegment w,
      long wAt,
      long panelBytes,
      int k,
      int columns,
      float[] out,
      int outAt,
      int outStride) {
    int tiled = rows - untiled(rows);
    int grouped = columns / GROUP * GROUP;
    for (int n = 0; n < grouped; n += GROUP) {
      long panel = wAt + n / WIDTH * panelBytes;
      for (int c = 0; c < GROUP && tiled > 0; c += WIDTH) {
        long at = panel + c / WIDTH * panelBytes;
        tiles(x, xAt, xStride, tiled, w, at, k, out, outAt + n + c, outStride);
      }
      for (int m = tiled; m < rows; m++) {
        oneRow(x, xAt + m * xStride, w, panel, panelBytes, k, out, outAt + m * outStride + n);
      }
    }
    // The micro-kernels of several rows store whole panels; a partial panel goes row by row.
    int whole = rows == 1 ? grouped : columns / WIDTH * WIDTH;
    for (int n = grouped; n < whole; n += WIDTH) {
      long panel = wAt + n / WIDTH * panelBytes;
      tiles(x, xAt, xStride, rows, w, panel, k, out, outAt + n, outStride);
    }
    for (int n = whole; n < columns; n += WIDTH) {
      long panel = wAt + n / WIDTH * panelBytes;
      for (int m = 0; m < rows; m++) {
        int o = outAt + m * outStride + n;
        onePanel(x, xAt + m * xStride, w, panel, k, out, o, columns - n);
      }
    }
  }

  /**
   * How many rows are computed one by one, each for a group of panels: of few rows the one or two
   * that a tile of five leaves over. Two and seven rows take 0.8 to 0.9 of the time of one and two
   * tiles of four, of which a row is repeated; the last of sixteen rows gained nothing.
   */
  private static int untiled(int rows) {
    int left = rows % VectorTiles.MAX_ROWS;
    return rows <= MAX_UNTILED && left <= 2 ? left : 0;
  }

  /** One panel of several rows, at least 2. */
  private static void tiles(
      float[] x,
      int xAt,
      int xStride,
      int rows,
      MemorySegment w,
      long wAt,
      int k,
      float[] out,
      int outAt,
      int outStride) {
    clear(out, outAt, outStride, rows);
    for (int i = 0; i < k; i += DEPTH) {
      int d = Math.min(DEPTH, k - i);
      VectorTiles.accumulate(
          x, xAt + i, xStride, rows, w, wAt + i * STEP, d, out, outAt, outStride);
    }
  }

  /** Zeros one panel of the output, to which the micro-kernels add. */
  private static void clear(float[] out, int outAt, int outStride, int rows) {
    for (int m = 0; m < rows; m++) {
      int o = outAt + m * outStride;
      Arrays.fill(out, o, o + WIDTH, 0);
    }
  }

  /**
   * GEMV micro-kernel, 1 row × 4 panels, 8 accumulators. The panels are read as four streams,
   * because a core keeps more cache lines in flight for several streams than for one. The loop is
   * unrolled to two steps over k, four consecutive cache lines of each stream: 1.3 times the
   * bandwidth of one step.
   *
   * <p>Partial panels are not its own: with their masked stores, C1 ran out of registers on a busy
   * machine, and the JVM then never compiled the method well.
   */
  private static void oneRow(
      float[] x,
      int xAt,
      MemorySegment w,
      long wAt,
      long panelBytes,
      int k,
      float[] out,
      int outAt) {
    FloatVector a0 = FloatVector.zero(S);
    FloatVector a1 = FloatVector.zero(S);
    FloatVector b0 = FloatVector.zero(S);
    FloatVector b1 = FloatVector.zero(S);
    FloatVector c0 = FloatVector.zero(S);
    FloatVector c1 = FloatVector.zero(S);
    FloatVector d0 = FloatVector.zero(S);
    FloatVector d1 = FloatVector.zero(S);
    long b = panelBytes;
    long c = 2 * panelBytes;
    long d = 3 * panelBytes;
    long at = wAt;
    int i = 0;
    for (; i < k - 1; i += 2) {
      FloatVector v = FloatVector.broadcast(S, x[xAt + i]);
      FloatVector u = FloatVector.broadcast(S, x[xAt + i + 1]);
      a0 = FloatVector.fromMemorySegment(S, w, at, ORDER).fma(v, a0);
      a1 = FloatVector.fromMemorySegment(S, w, at + VECTOR, ORDER).fma(v, a1);
      a0 = FloatVector.fromMemorySegment(S, w, at + STEP, ORDER).fma(u, a0);
      a1 = FloatVector.fromMemorySegment(S, w, at + STEP + VECTOR, ORDER).fma(u, a1);
      b0 = FloatVector.fromMemorySegment(S, w, at + b, ORDER).fma(v, b0);
      b1 = FloatVector.fromMemorySegment(S, w, at + b + VECTOR, ORDER).fma(v, b1);
      b0 = FloatVector.fromMemorySegment(S, w, at + b + STEP, ORDER).fma(u, b0);
      b1 = FloatVector.fromMemorySegment(S, w, at + b + STEP + VECTOR, ORDER).fma(u, b1);
      c0 = FloatVector.fromMemorySegment(S, w, at + c, ORDER).fma(v, c0);
      c1 = FloatVector.fromMemorySegment(S, w, at + c + VECTOR, ORDER).fma(v, c1);
      c0 = FloatVector.fromMemorySegment(S, w, at + c + STEP, ORDER).fma(u, c0);
      c1 = FloatVector.fromMemorySegment(S, w, at + c + STEP + VECTOR, ORDER).fma(u, c1);
      d0 = FloatVector.fromMemorySegment(S, w, at + d, ORDER).fma(v, d0);
      d1 = FloatVector.fromMemorySegment(S, w, at + d + VECTOR, ORDER).fma(v, d1);
      d0 = FloatVector.fromMemorySegment(S, w, at + d + STEP, ORDER).fma(u, d0);
      d1 = FloatVector.fromMemorySegment(S, w, at + d + STEP + VECTOR, ORDER).fma(u, d1);
      at += 2 * STEP;
    }
    for (; i < k; i++) {
      FloatVector v = FloatVector.broadcast(S, x[xAt + i]);
      a0 = FloatVector.fromMemorySegment(S, w, at, ORDER).fma(v, a0);
      a1 = FloatVector.fromMemorySegment(S, w, at + VECTOR, ORDER).fma(v, a1);
      b0 = FloatVector.fromMemorySegment(S, w, at + b, ORDER).fma(v, b0);
      b1 = FloatVector.fromMemorySegment(S, w, at + b + VECTOR, ORDER).fma(v, b1);
      c0 = FloatVector.fromMemorySegment(S, w, at + c, ORDER).fma(v, c0);
      c1 = FloatVector.fromMemorySegment(S, w, at + c + VECTOR, ORDER).fma(v, c1);
      d0 = FloatVector.fromMemorySegment(S, w, at + d, ORDER).fma(v, d0);
      d1 = FloatVector.fromMemorySegment(S, w, at + d + VECTOR, ORDER).fma(v, d1);
      at += STEP;
    }
    a0.intoArray(out, outAt);
    a1.intoArray(out, outAt + L);
    b0.intoArray(out, outAt + 2 * L);
    b1.intoArray(out, outAt + 3 * L);
    c0.intoArray(out, outAt + 4 * L);
    c1.intoArray(out, outAt + 5 * L);
    d0.intoArray(out, outAt + 6 * L);
    d1.intoArray(out, outAt + 7 * L);
  }

  /**
   * {@link #oneRow} for a panel of fewer streams, perhaps a partial one: the same order of sums.
   */
  private static void onePanel(
      float[] x, int xAt, MemorySegment w, long wAt, int k, float[] out, int outAt, int columns) {
    FloatVector a0 = FloatVector.zero(S);
    FloatVector a1 = FloatVector.zero(S);
    long at = wAt;
    for (int i = 0; i < k; i++) {
      FloatVector v = FloatVector.broadcast(S, x[xAt + i]);
      a0 = FloatVector.fromMemorySegment(S, w, at, ORDER).fma(v, a0);
      a1 = FloatVector.fromMemorySegment(S, w, at + VECTOR, ORDER).fma(v, a1);
      at += STEP;
    }
    a0.intoArray(out, outAt, S.indexInRange(0, columns));
    if (columns > L) {
      a1.intoArray(out, outAt + L, S.indexInRange(L, columns));
    }
  }
}
