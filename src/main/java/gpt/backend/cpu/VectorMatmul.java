package gpt.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link CpuKernels#matmul} on the Vector API. A panel is two vectors wide. Several rows use
 * register tiles of up to 6 rows × 2 vectors: 12 accumulators hide the latency of the multiply-add
 * and leave four of AVX2's 16 registers for the operands. One row (decode) is bound by memory: see
 * {@link #one}.
 *
 * <p>Every element of the product is one sum over k in order, s = fma(w, x, s) from 0, whatever the
 * number of rows and columns beside it. So a row's result has the same bits alone, in a batch and
 * in any chunk of a prompt.
 *
 * <p>No method here takes or returns a vector. HotSpot inlines the Vector API's own methods
 * whatever their size but not ours: a helper of one line was left out of line and every vector
 * through it allocated, at a tenth of the speed.
 */
final class VectorMatmul {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int L = S.length();
  private static final long VECTOR = 4L * L;
  private static final long STEP = 2 * VECTOR;

  /**
   * Inputs of a panel that all rows go through before the next ones: 96 KB of weights at AVX-512's
   * width, which the second-level cache keeps for the next rows.
   */
  private static final int DEPTH = 768;

  /** Columns of a panel. */
  static final int WIDTH = 2 * L;

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
    if (rows == 1) {
      for (int n = 0; n < columns; n += CpuKernels.STREAMS * WIDTH) {
        one(x, xAt, w, wAt + n / WIDTH * panelBytes, panelBytes, k, out, outAt + n, columns - n);
      }
      return;
    }
    for (int n = 0; n < columns; n += WIDTH) {
      long panel = wAt + n / WIDTH * panelBytes;
      int width = Math.min(WIDTH, columns - n);
      // A cut-off panel's sums cannot be kept in out between passes: there is no place for a whole
      // vector. One tile of rows reads its panel once anyway.
      int depth = width == WIDTH && rows > 6 ? DEPTH : k;
      for (int i = 0; i < k; i += depth) {
        int d = Math.min(depth, k - i);
        long at = panel + i * STEP;
        tiles(x, xAt + i, xStride, rows, w, at, d, i > 0, out, outAt + n, outStride, width);
      }
    }
  }

  /** At least 2 rows × 1 panel, in tiles of 6 as far as no single row is left over. */
  private static void tiles(
      float[] x,
      int xAt,
      int xStride,
      int rows,
      MemorySegment w,
      long wAt,
      int k,
      boolean more,
      float[] out,
      int outAt,
      int outStride,
      int width) {
    int left = rows;
    int xm = xAt;
    int om = outAt;
    while (left > 0) {
      int tile = tile(left);
      switch (tile) {
        case 6 -> six(x, xm, xStride, w, wAt, k, more, out, om, outStride, width);
        case 4 -> four(x, xm, xStride, w, wAt, k, more, out, om, outStride, width);
        case 3 -> three(x, xm, xStride, w, wAt, k, more, out, om, outStride, width);
        default -> two(x, xm, xStride, w, wAt, k, more, out, om, outStride, width);
      }
      left -= tile;
      xm += tile * xStride;
      om += tile * outStride;
    }
  }

  /** Rows of the next tile: 7 are 4 + 3, 8 are 4 + 4, 11 are 4 + 4 + 3. */
  private static int tile(int left) {
    return switch (left) {
      case 4, 7, 8, 11 -> 4;
      case 3, 5 -> 3;
      case 2 -> 2;
      default -> 6;
    };
  }

  /**
   * One row × up to 4 panels, read as four streams: one core keeps more cache lines in flight for
   * several streams than for one. Of each stream two inputs at a time, four cache lines in a row:
   * 1.3 times the bandwidth of one input at a time.
   */
  private static void one(
      float[] x,
      int xAt,
      MemorySegment w,
      long wAt,
      long panelBytes,
      int k,
      float[] out,
      int outAt,
      int columns) {
    FloatVector a0 = FloatVector.zero(S);
    FloatVector a1 = FloatVector.zero(S);
    FloatVector b0 = FloatVector.zero(S);
    FloatVector b1 = FloatVector.zero(S);
    FloatVector c0 = FloatVector.zero(S);
    FloatVector c1 = FloatVector.zero(S);
    FloatVector d0 = FloatVector.zero(S);
    FloatVector d1 = FloatVector.zero(S);
    // A stream that has no panel reads the first one's and is not stored.
    long b = columns > WIDTH ? panelBytes : 0;
    long c = columns > 2 * WIDTH ? 2 * panelBytes : 0;
    long d = columns > 3 * WIDTH ? 3 * panelBytes : 0;
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
    if (columns >= 4 * WIDTH) {
      a0.intoArray(out, outAt);
      a1.intoArray(out, outAt + L);
      b0.intoArray(out, outAt + 2 * L);
      b1.intoArray(out, outAt + 3 * L);
      c0.intoArray(out, outAt + 4 * L);
      c1.intoArray(out, outAt + 5 * L);
      d0.intoArray(out, outAt + 6 * L);
      d1.intoArray(out, outAt + 7 * L);
      return;
    }
    a0.intoArray(out, outAt, S.indexInRange(0, columns));
    if (columns > L) {
      a1.intoArray(out, outAt + L, S.indexInRange(L, columns));
    }
    if (columns > 2 * L) {
      b0.intoArray(out, outAt + 2 * L, S.indexInRange(2 * L, columns));
    }
    if (columns > 3 * L) {
      b1.intoArray(out, outAt + 3 * L, S.indexInRange(3 * L, columns));
    }
    if (columns > 4 * L) {
      c0.intoArray(out, outAt + 4 * L, S.indexInRange(4 * L, columns));
    }
    if (columns > 5 * L) {
      c1.intoArray(out, outAt + 5 * L, S.indexInRange(5 * L, columns));
    }
    if (columns > 6 * L) {
      d0.intoArray(out, outAt + 6 * L, S.indexInRange(6 * L, columns));
    }
    if (columns > 7 * L) {
      d1.intoArray(out, outAt + 7 * L, S.indexInRange(7 * L, columns));
    }
  }

  /** A tile of 2 rows × 1 panel; {@code more} adds to what out holds. */
  private static void two(
      float[] x,
      int xAt,
      int xStride,
      MemorySegment w,
      long wAt,
      int k,
      boolean more,
      float[] out,
      int outAt,
      int outStride,
      int width) {
    FloatVector a0 = FloatVector.zero(S);
    FloatVector a1 = FloatVector.zero(S);
    FloatVector b0 = FloatVector.zero(S);
    FloatVector b1 = FloatVector.zero(S);
    int xb = xAt + xStride;
    int ob = outAt + outStride;
    if (more) {
      a0 = FloatVector.fromArray(S, out, outAt);
      a1 = FloatVector.fromArray(S, out, outAt + L);
      b0 = FloatVector.fromArray(S, out, ob);
      b1 = FloatVector.fromArray(S, out, ob + L);
    }
    long at = wAt;
    for (int i = 0; i < k; i++) {
      FloatVector w0 = FloatVector.fromMemorySegment(S, w, at, ORDER);
      FloatVector w1 = FloatVector.fromMemorySegment(S, w, at + VECTOR, ORDER);
      at += STEP;
      FloatVector v = FloatVector.broadcast(S, x[xAt + i]);
      a0 = w0.fma(v, a0);
      a1 = w1.fma(v, a1);
      v = FloatVector.broadcast(S, x[xb + i]);
      b0 = w0.fma(v, b0);
      b1 = w1.fma(v, b1);
    }
    if (width == WIDTH) {
      a0.intoArray(out, outAt);
      a1.intoArray(out, outAt + L);
      b0.intoArray(out, ob);
      b1.intoArray(out, ob + L);
      return;
    }
    VectorMask<Float> m0 = S.indexInRange(0, width);
    VectorMask<Float> m1 = S.indexInRange(L, width);
    a0.intoArray(out, outAt, m0);
    a1.intoArray(out, outAt + L, m1);
    b0.intoArray(out, ob, m0);
    b1.intoArray(out, ob + L, m1);
  }

  /** A tile of 3 rows × 1 panel; {@code more} adds to what out holds. */
  private static void three(
      float[] x,
      int xAt,
      int xStride,
      MemorySegment w,
      long wAt,
      int k,
      boolean more,
      float[] out,
      int outAt,
      int outStride,
      int width) {
    FloatVector a0 = FloatVector.zero(S);
    FloatVector a1 = FloatVector.zero(S);
    FloatVector b0 = FloatVector.zero(S);
    FloatVector b1 = FloatVector.zero(S);
    FloatVector c0 = FloatVector.zero(S);
    FloatVector c1 = FloatVector.zero(S);
    int xb = xAt + xStride;
    int xc = xb + xStride;
    int ob = outAt + outStride;
    int oc = ob + outStride;
    if (more) {
      a0 = FloatVector.fromArray(S, out, outAt);
      a1 = FloatVector.fromArray(S, out, outAt + L);
      b0 = FloatVector.fromArray(S, out, ob);
      b1 = FloatVector.fromArray(S, out, ob + L);
      c0 = FloatVector.fromArray(S, out, oc);
      c1 = FloatVector.fromArray(S, out, oc + L);
    }
    long at = wAt;
    for (int i = 0; i < k; i++) {
      FloatVector w0 = FloatVector.fromMemorySegment(S, w, at, ORDER);
      FloatVector w1 = FloatVector.fromMemorySegment(S, w, at + VECTOR, ORDER);
      at += STEP;
      FloatVector v = FloatVector.broadcast(S, x[xAt + i]);
      a0 = w0.fma(v, a0);
      a1 = w1.fma(v, a1);
      v = FloatVector.broadcast(S, x[xb + i]);
      b0 = w0.fma(v, b0);
      b1 = w1.fma(v, b1);
      v = FloatVector.broadcast(S, x[xc + i]);
      c0 = w0.fma(v, c0);
      c1 = w1.fma(v, c1);
    }
    if (width == WIDTH) {
      a0.intoArray(out, outAt);
      a1.intoArray(out, outAt + L);
      b0.intoArray(out, ob);
      b1.intoArray(out, ob + L);
      c0.intoArray(out, oc);
      c1.intoArray(out, oc + L);
      return;
    }
    VectorMask<Float> m0 = S.indexInRange(0, width);
    VectorMask<Float> m1 = S.indexInRange(L, width);
    a0.intoArray(out, outAt, m0);
    a1.intoArray(out, outAt + L, m1);
    b0.intoArray(out, ob, m0);
    b1.intoArray(out, ob + L, m1);
    c0.intoArray(out, oc, m0);
    c1.intoArray(out, oc + L, m1);
  }

  /** A tile of 4 rows × 1 panel; {@code more} adds to what out holds. */
  private static void four(
      float[] x,
      int xAt,
      int xStride,
      MemorySegment w,
      long wAt,
      int k,
      boolean more,
      float[] out,
      int outAt,
      int outStride,
      int width) {
    FloatVector a0 = FloatVector.zero(S);
    FloatVector a1 = FloatVector.zero(S);
    FloatVector b0 = FloatVector.zero(S);
    FloatVector b1 = FloatVector.zero(S);
    FloatVector c0 = FloatVector.zero(S);
    FloatVector c1 = FloatVector.zero(S);
    FloatVector d0 = FloatVector.zero(S);
    FloatVector d1 = FloatVector.zero(S);
    int xb = xAt + xStride;
    int xc = xb + xStride;
    int xd = xc + xStride;
    int ob = outAt + outStride;
    int oc = ob + outStride;
    int od = oc + outStride;
    if (more) {
      a0 = FloatVector.fromArray(S, out, outAt);
      a1 = FloatVector.fromArray(S, out, outAt + L);
      b0 = FloatVector.fromArray(S, out, ob);
      b1 = FloatVector.fromArray(S, out, ob + L);
      c0 = FloatVector.fromArray(S, out, oc);
      c1 = FloatVector.fromArray(S, out, oc + L);
      d0 = FloatVector.fromArray(S, out, od);
      d1 = FloatVector.fromArray(S, out, od + L);
    }
    long at = wAt;
    for (int i = 0; i < k; i++) {
      FloatVector w0 = FloatVector.fromMemorySegment(S, w, at, ORDER);
      FloatVector w1 = FloatVector.fromMemorySegment(S, w, at + VECTOR, ORDER);
      at += STEP;
      FloatVector v = FloatVector.broadcast(S, x[xAt + i]);
      a0 = w0.fma(v, a0);
      a1 = w1.fma(v, a1);
      v = FloatVector.broadcast(S, x[xb + i]);
      b0 = w0.fma(v, b0);
      b1 = w1.fma(v, b1);
      v = FloatVector.broadcast(S, x[xc + i]);
      c0 = w0.fma(v, c0);
      c1 = w1.fma(v, c1);
      v = FloatVector.broadcast(S, x[xd + i]);
      d0 = w0.fma(v, d0);
      d1 = w1.fma(v, d1);
    }
    if (width == WIDTH) {
      a0.intoArray(out, outAt);
      a1.intoArray(out, outAt + L);
      b0.intoArray(out, ob);
      b1.intoArray(out, ob + L);
      c0.intoArray(out, oc);
      c1.intoArray(out, oc + L);
      d0.intoArray(out, od);
      d1.intoArray(out, od + L);
      return;
    }
    VectorMask<Float> m0 = S.indexInRange(0, width);
    VectorMask<Float> m1 = S.indexInRange(L, width);
    a0.intoArray(out, outAt, m0);
    a1.intoArray(out, outAt + L, m1);
    b0.intoArray(out, ob, m0);
    b1.intoArray(out, ob + L, m1);
    c0.intoArray(out, oc, m0);
    c1.intoArray(out, oc + L, m1);
    d0.intoArray(out, od, m0);
    d1.intoArray(out, od + L, m1);
  }

  /** A tile of 6 rows × 1 panel; {@code more} adds to what out holds. */
  private static void six(
      float[] x,
      int xAt,
      int xStride,
      MemorySegment w,
      long wAt,
      int k,
      boolean more,
      float[] out,
      int outAt,
      int outStride,
      int width) {
    FloatVector a0 = FloatVector.zero(S);
    FloatVector a1 = FloatVector.zero(S);
    FloatVector b0 = FloatVector.zero(S);
    FloatVector b1 = FloatVector.zero(S);
    FloatVector c0 = FloatVector.zero(S);
    FloatVector c1 = FloatVector.zero(S);
    FloatVector d0 = FloatVector.zero(S);
    FloatVector d1 = FloatVector.zero(S);
    FloatVector e0 = FloatVector.zero(S);
    FloatVector e1 = FloatVector.zero(S);
    FloatVector f0 = FloatVector.zero(S);
    FloatVector f1 = FloatVector.zero(S);
    int xb = xAt + xStride;
    int xc = xb + xStride;
    int xd = xc + xStride;
    int xe = xd + xStride;
    int xf = xe + xStride;
    int ob = outAt + outStride;
    int oc = ob + outStride;
    int od = oc + outStride;
    int oe = od + outStride;
    int of = oe + outStride;
    if (more) {
      a0 = FloatVector.fromArray(S, out, outAt);
      a1 = FloatVector.fromArray(S, out, outAt + L);
      b0 = FloatVector.fromArray(S, out, ob);
      b1 = FloatVector.fromArray(S, out, ob + L);
      c0 = FloatVector.fromArray(S, out, oc);
      c1 = FloatVector.fromArray(S, out, oc + L);
      d0 = FloatVector.fromArray(S, out, od);
      d1 = FloatVector.fromArray(S, out, od + L);
      e0 = FloatVector.fromArray(S, out, oe);
      e1 = FloatVector.fromArray(S, out, oe + L);
      f0 = FloatVector.fromArray(S, out, of);
      f1 = FloatVector.fromArray(S, out, of + L);
    }
    long at = wAt;
    for (int i = 0; i < k; i++) {
      FloatVector w0 = FloatVector.fromMemorySegment(S, w, at, ORDER);
      FloatVector w1 = FloatVector.fromMemorySegment(S, w, at + VECTOR, ORDER);
      at += STEP;
      FloatVector v = FloatVector.broadcast(S, x[xAt + i]);
      a0 = w0.fma(v, a0);
      a1 = w1.fma(v, a1);
      v = FloatVector.broadcast(S, x[xb + i]);
      b0 = w0.fma(v, b0);
      b1 = w1.fma(v, b1);
      v = FloatVector.broadcast(S, x[xc + i]);
      c0 = w0.fma(v, c0);
      c1 = w1.fma(v, c1);
      v = FloatVector.broadcast(S, x[xd + i]);
      d0 = w0.fma(v, d0);
      d1 = w1.fma(v, d1);
      v = FloatVector.broadcast(S, x[xe + i]);
      e0 = w0.fma(v, e0);
      e1 = w1.fma(v, e1);
      v = FloatVector.broadcast(S, x[xf + i]);
      f0 = w0.fma(v, f0);
      f1 = w1.fma(v, f1);
    }
    if (width == WIDTH) {
      a0.intoArray(out, outAt);
      a1.intoArray(out, outAt + L);
      b0.intoArray(out, ob);
      b1.intoArray(out, ob + L);
      c0.intoArray(out, oc);
      c1.intoArray(out, oc + L);
      d0.intoArray(out, od);
      d1.intoArray(out, od + L);
      e0.intoArray(out, oe);
      e1.intoArray(out, oe + L);
      f0.intoArray(out, of);
      f1.intoArray(out, of + L);
      return;
    }
    VectorMask<Float> m0 = S.indexInRange(0, width);
    VectorMask<Float> m1 = S.indexInRange(L, width);
    a0.intoArray(out, outAt, m0);
    a1.intoArray(out, outAt + L, m1);
    b0.intoArray(out, ob, m0);
    b1.intoArray(out, ob + L, m1);
    c0.intoArray(out, oc, m0);
    c1.intoArray(out, oc + L, m1);
    d0.intoArray(out, od, m0);
    d1.intoArray(out, od + L, m1);
    e0.intoArray(out, oe, m0);
    e1.intoArray(out, oe + L, m1);
    f0.intoArray(out, of, m0);
    f1.intoArray(out, of + L, m1);
  }
}
