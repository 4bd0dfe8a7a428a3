package gpt.backend.cpu.kernels;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * GEMM micro-kernels of {@link VectorMatmul}: register tiles of 4 or 5 rows × 1 whole panel (2
 * vectors), whose accumulators start with the output's values and are stored back. Five rows have
 * 10 accumulators, enough independent FMA chains to hide the FMA's latency. With six rows (12
 * accumulators) C2 spilled three to the stack although AVX2 has 16 registers: 27 GFLOP/s of a peak
 * of 42, against 39 with four or five rows. Three rows run as four, with the last one repeated, and
 * so do two where {@link VectorMatmul} does not take them one by one: 3 and 6 rows took longer with
 * a micro-kernel of 3 rows (33 and 51 ms) than 4 and 8 rows with this one (28 and 46 ms), GPT-2
 * 124M in f32 on two cores.
 *
 * <p>Each step over k loads the panel's two vectors once, broadcasts one x of each row, and does
 * two FMAs per row.
 */
final class VectorTiles {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int L = S.length(); // lanes: floats of a vector
  private static final long VECTOR = 4L * L; // bytes of a vector
  private static final long STEP = 2 * VECTOR; // bytes of a panel per k

  /** Rows of a tile at most. */
  static final int MAX_ROWS = 5;

  private VectorTiles() {}

  /** out += x Wᵀ for 2 or more rows, in tiles of nearly equal height: 16 rows are 4 + 4 + 4 + 4. */
  static void accumulate(
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
    int left = rows;
    int xm = xAt;
    int om = outAt;
    while (left > 0) {
      int tile = Math.ceilDiv(left, Math.ceilDiv(left, MAX_ROWS));
      if (tile == MAX_ROWS) {
        fiveRows(x, xm, xStride, w, wAt, k, out, om, outStride);
      } else {
        upToFourRows(x, xm, xStride, tile, w, wAt, k, out, om, outStride);
      }
      left -= tile;
      xm += tile * xStride;
      om += tile * outStride;
    }
  }

  /**
   * Micro-kernel, 4 rows × 1 panel: 8 accumulators. With fewer {@code rows}, at least 2, the last
   * one is computed and stored several times.
   */
  private static void upToFourRows(
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
    int xb = xAt + xStride;
    int xc = rows > 2 ? xb + xStride : xb;
    int xd = rows > 3 ? xc + xStride : xc;
    int ob = outAt + outStride;
    int oc = rows > 2 ? ob + outStride : ob;
    int od = rows > 3 ? oc + outStride : oc;
    FloatVector a0 = FloatVector.fromArray(S, out, outAt);
    FloatVector a1 = FloatVector.fromArray(S, out, outAt + L);
    FloatVector b0 = FloatVector.fromArray(S, out, ob);
    FloatVector b1 = FloatVector.fromArray(S, out, ob + L);
    FloatVector c0 = FloatVector.fromArray(S, out, oc);
    FloatVector c1 = FloatVector.fromArray(S, out, oc + L);
    FloatVector d0 = FloatVector.fromArray(S, out, od);
    FloatVector d1 = FloatVector.fromArray(S, out, od + L);
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
    a0.intoArray(out, outAt);
    a1.intoArray(out, outAt + L);
    b0.intoArray(out, ob);
    b1.intoArray(out, ob + L);
    c0.intoArray(out, oc);
    c1.intoArray(out, oc + L);
    d0.intoArray(out, od);
    d1.intoArray(out, od + L);
  }

  /** Micro-kernel, 5 rows × 1 panel: 10 accumulators. */
  private static void fiveRows(
      float[] x,
      int xAt,
      int xStride,
      MemorySegment w,
      long wAt,
      int k,
      float[] out,
      int outAt,
      int outStride) {
    int xb = xAt + xStride;
    int xc = xb + xStride;
    int xd = xc + xStride;
    int xe = xd + xStride;
    int ob = outAt + outStride;
    int oc = ob + outStride;
    int od = oc + outStride;
    int oe = od + outStride;
    FloatVector a0 = FloatVector.fromArray(S, out, outAt);
    FloatVector a1 = FloatVector.fromArray(S, out, outAt + L);
    FloatVector b0 = FloatVector.fromArray(S, out, ob);
    FloatVector b1 = FloatVector.fromArray(S, out, ob + L);
    FloatVector c0 = FloatVector.fromArray(S, out, oc);
    FloatVector c1 = FloatVector.fromArray(S, out, oc + L);
    FloatVector d0 = FloatVector.fromArray(S, out, od);
    FloatVector d1 = FloatVector.fromArray(S, out, od + L);
    FloatVector e0 = FloatVector.fromArray(S, out, oe);
    FloatVector e1 = FloatVector.fromArray(S, out, oe + L);
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
    }
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
  }
}
