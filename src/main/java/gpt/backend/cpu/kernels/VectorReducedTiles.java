package gpt.backend.cpu.kernels;

import gpt.model.Precision;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * A few rows with reduced-precision weights: sequences decoded together, or drafts to verify. Tiles
 * of 4 rows × 1 panel, as in {@link VectorTiles}, widen the weights in registers as {@link
 * VectorReducedPrecision} does. Widening a panel to memory first pays off for many rows only.
 */
final class VectorReducedTiles {
  /** Rows up to which this is faster than widening each panel to memory. */
  static final int MAX_ROWS = 16;

  private static final int TILE_ROWS = 4;
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int L = S.length(); // lanes: floats of a vector
  private static final int BITS = S.vectorBitSize();
  private static final VectorSpecies<Integer> I =
      VectorSpecies.of(int.class, VectorShape.forBitSize(BITS));
  private static final VectorSpecies<Byte> QUARTER =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, BITS / 4)));
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int WIDTH = VectorMatmul.WIDTH;

  /** Bytes of a panel per k, for 16-bit and for 8-bit values. */
  private static final long STEP_16 = 4L * L;

  private static final long STEP_8 = 2L * L;

  private VectorReducedTiles() {}

  /** {@link CpuKernels#mixedPrecisionMatmul} of a few rows, without a scratch buffer. */
  static void matmul(
      Precision precision,
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
    int whole = columns / WIDTH * WIDTH;
    for (int n = 0; n < whole; n += WIDTH) {
      long panel = wAt + n / WIDTH * panelBytes;
      for (int m = 0; m < rows; m += TILE_ROWS) {
        int tile = Math.min(TILE_ROWS, rows - m);
        int from = xAt + m * xStride;
        int to = outAt + m * outStride + n;
        switch (precision) {
          case BF16 -> bf16(x, from, xStride, tile, w, panel, k, out, to, outStride);
          case F16 -> f16(x, from, xStride, tile, w, panel, k, out, to, outStride);
          case I8 -> i8(x, from, xStride, tile, w, panel, k, out, to, outStride);
          case F32, Q4 -> throw new IllegalArgumentException(precision + " is not widened");
        }
      }
    }
    for (int m = 0; m < rows && whole < columns; m++) { // a partial panel
      VectorReducedPrecision.row(
          precision,
          x,
          xAt + m * xStride,
          w,
          wAt + whole / WIDTH * panelBytes,
          panelBytes,
          k,
          columns - whole,
          out,
          outAt + m * outStride + whole);
    }
  }

  /** Micro-kernel, 4 rows × 1 panel of bf16; with fewer rows the last one is repeated. */
  private static void bf16(
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
    int xb = rows > 1 ? xAt + xStride : xAt;
    int xc = rows > 2 ? xb + xStride : xb;
    int xd = rows > 3 ? xc + xStride : xc;
    FloatVector a0 = FloatVector.zero(S);
    FloatVector a1 = FloatVector.zero(S);
    FloatVector b0 = FloatVector.zero(S);
    FloatVector b1 = FloatVector.zero(S);
    FloatVector c0 = FloatVector.zero(S);
    FloatVector c1 = FloatVector.zero(S);
    FloatVector d0 = FloatVector.zero(S);
    FloatVector d1 = FloatVector.zero(S);
    long at = wAt;
    for (int i = 0; i < k; i++) {
      IntVector pairs = IntVector.fromMemorySegment(I, w, at, ORDER);
      FloatVector w0 = pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector w1 = pairs.and(VectorReducedPrecision.HIGH).reinterpretAsFloats();
      at += STEP_16;
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
    int ob = rows > 1 ? outAt + outStride : outAt;
    int oc = rows > 2 ? ob + outStride : ob;
    int od = rows > 3 ? oc + outStride : oc;
    a0.intoArray(out, outAt);
    a1.intoArray(out, outAt + L);
    b0.intoArray(out, ob);
    b1.intoArray(out, ob + L);
    c0.intoArray(out, oc);
    c1.intoArray(out, oc + L);
    d0.intoArray(out, od);
    d1.intoArray(out, od + L);
  }

  /** As {@link #bf16} with f16, whose shifted values are scaled with x. */
  private static void f16(
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
    int xb = rows > 1 ? xAt + xStride : xAt;
    int xc = rows > 2 ? xb + xStride : xb;
    int xd = rows > 3 ? xc + xStride : xc;
    FloatVector a0 = FloatVector.zero(S);
    FloatVector a1 = FloatVector.zero(S);
    FloatVector b0 = FloatVector.zero(S);
    FloatVector b1 = FloatVector.zero(S);
    FloatVector c0 = FloatVector.zero(S);
    FloatVector c1 = FloatVector.zero(S);
    FloatVector d0 = FloatVector.zero(S);
    FloatVector d1 = FloatVector.zero(S);
    long at = wAt;
    for (int i = 0; i < k; i++) {
      IntVector pairs = IntVector.fromMemorySegment(I, w, at, ORDER);
      FloatVector w0 =
          pairs
              .lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, VectorReducedPrecision.F16_SHIFT)
              .and(VectorReducedPrecision.F16_BITS)
              .reinterpretAsFloats();
      FloatVector w1 =
          pairs
              .lanewise(VectorOperators.ASHR, VectorReducedPrecision.F16_SHIFT)
              .and(VectorReducedPrecision.F16_BITS)
              .reinterpretAsFloats();
      at += STEP_16;
      FloatVector v = FloatVector.broadcast(S, x[xAt + i] * VectorReducedPrecision.F16_FACTOR);
      a0 = w0.fma(v, a0);
      a1 = w1.fma(v, a1);
      v = FloatVector.broadcast(S, x[xb + i] * VectorReducedPrecision.F16_FACTOR);
      b0 = w0.fma(v, b0);
      b1 = w1.fma(v, b1);
      v = FloatVector.broadcast(S, x[xc + i] * VectorReducedPrecision.F16_FACTOR);
      c0 = w0.fma(v, c0);
      c1 = w1.fma(v, c1);
      v = FloatVector.broadcast(S, x[xd + i] * VectorReducedPrecision.F16_FACTOR);
      d0 = w0.fma(v, d0);
      d1 = w1.fma(v, d1);
    }
    int ob = rows > 1 ? outAt + outStride : outAt;
    int oc = rows > 2 ? ob + outStride : ob;
    int od = rows > 3 ? oc + outStride : oc;
    a0.intoArray(out, outAt);
    a1.intoArray(out, outAt + L);
    b0.intoArray(out, ob);
    b1.intoArray(out, ob + L);
    c0.intoArray(out, oc);
    c1.intoArray(out, oc + L);
    d0.intoArray(out, od);
    d1.intoArray(out, od + L);
  }

  /** As {@link #bf16} with i8, without the scales. */
  private static void i8(
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
    int xb = rows > 1 ? xAt + xStride : xAt;
    int xc = rows > 2 ? xb + xStride : xb;
    int xd = rows > 3 ? xc + xStride : xc;
    FloatVector a0 = FloatVector.zero(S);
    FloatVector a1 = FloatVector.zero(S);
    FloatVector b0 = FloatVector.zero(S);
    FloatVector b1 = FloatVector.zero(S);
    FloatVector c0 = FloatVector.zero(S);
    FloatVector c1 = FloatVector.zero(S);
    FloatVector d0 = FloatVector.zero(S);
    FloatVector d1 = FloatVector.zero(S);
    long at = wAt;
    for (int i = 0; i < k; i++) {
      FloatVector w0 =
          (FloatVector)
              ByteVector.fromMemorySegment(QUARTER, w, at, ORDER)
                  .convertShape(VectorOperators.B2F, S, 0);
      FloatVector w1 =
          (FloatVector)
              ByteVector.fromMemorySegment(QUARTER, w, at + STEP_8 / 2, ORDER)
                  .convertShape(VectorOperators.B2F, S, 0);
      at += STEP_8;
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
    int ob = rows > 1 ? outAt + outStride : outAt;
    int oc = rows > 2 ? ob + outStride : ob;
    int od = rows > 3 ? oc + outStride : oc;
    a0.intoArray(out, outAt);
    a1.intoArray(out, outAt + L);
    b0.intoArray(out, ob);
    b1.intoArray(out, ob + L);
    c0.intoArray(out, oc);
    c1.intoArray(out, oc + L);
    d0.intoArray(out, od);
    d1.intoArray(out, od + L);
  }
}
