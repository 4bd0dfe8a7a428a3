package gpt.backend.cpu.kernels;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** {@link VectorReducedPrecision} for i8. The caller applies the rows' scales. */
final class VectorI8 {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int L = S.length(); // lanes: floats of a vector
  private static final int BITS = S.vectorBitSize();
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  /** Whether a quarter of a vector, the bytes of one float vector, is a vector: not of 128 bits. */
  static final boolean SUPPORTED = BITS >= 256;

  private static final VectorSpecies<Byte> QUARTER =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(SUPPORTED ? BITS / 4 : 64));

  /** Bytes of a panel per k. */
  private static final long STEP = 2L * L;

  private static final int WIDTH = VectorMatmul.WIDTH;

  private VectorI8() {}

  /** {@link VectorReducedPrecision#row}. */
  static void row(
      float[] x,
      int xAt,
      MemorySegment w,
      long wAt,
      long panelBytes,
      int k,
      int columns,
      float[] out,
      int outAt) {
    for (int n = 0; n < columns; n += CpuKernels.STREAMS * WIDTH) {
      long panels = wAt + n / WIDTH * panelBytes;
      upToFourPanels(x, xAt, w, panels, panelBytes, k, out, outAt + n, columns - n);
    }
  }

  /** Micro-kernel, 1 row × up to 4 panels: as {@link VectorMatmul}'s, 8 accumulators. */
  private static void upToFourPanels(
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
    // A stream without a panel reads the first panel; its result is not stored.
    long b = columns > WIDTH ? panelBytes : 0;
    long c = columns > 2 * WIDTH ? 2 * panelBytes : 0;
    long d = columns > 3 * WIDTH ? 3 * panelBytes : 0;
    long at = wAt;
    for (int i = 0; i < k; i++) {
      FloatVector v = FloatVector.broadcast(S, x[xAt + i]);
      a0 =
          ((FloatVector)
                  ByteVector.fromMemorySegment(QUARTER, w, at, ORDER)
                      .convertShape(VectorOperators.B2F, S, 0))
              .fma(v, a0);
      a1 =
          ((FloatVector)
                  ByteVector.fromMemorySegment(QUARTER, w, at + STEP / 2, ORDER)
                      .convertShape(VectorOperators.B2F, S, 0))
              .fma(v, a1);
      b0 =
          ((FloatVector)
                  ByteVector.fromMemorySegment(QUARTER, w, at + b, ORDER)
                      .convertShape(VectorOperators.B2F, S, 0))
              .fma(v, b0);
      b1 =
          ((FloatVector)
                  ByteVector.fromMemorySegment(QUARTER, w, at + b + STEP / 2, ORDER)
                      .convertShape(VectorOperators.B2F, S, 0))
              .fma(v, b1);
      c0 =
          ((FloatVector)
                  ByteVector.fromMemorySegment(QUARTER, w, at + c, ORDER)
                      .convertShape(VectorOperators.B2F, S, 0))
              .fma(v, c0);
      c1 =
          ((FloatVector)
                  ByteVector.fromMemorySegment(QUARTER, w, at + c + STEP / 2, ORDER)
                      .convertShape(VectorOperators.B2F, S, 0))
              .fma(v, c1);
      d0 =
          ((FloatVector)
                  ByteVector.fromMemorySegment(QUARTER, w, at + d, ORDER)
                      .convertShape(VectorOperators.B2F, S, 0))
              .fma(v, d0);
      d1 =
          ((FloatVector)
                  ByteVector.fromMemorySegment(QUARTER, w, at + d + STEP / 2, ORDER)
                      .convertShape(VectorOperators.B2F, S, 0))
              .fma(v, d1);
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

  /** {@link VectorReducedPrecision#widen}. */
  static void widen(MemorySegment w, long wAt, int count, MemorySegment out) {
    for (int i = 0; i < count; i += L) {
      ((FloatVector)
              ByteVector.fromMemorySegment(QUARTER, w, wAt + i, ORDER)
                  .convertShape(VectorOperators.B2F, S, 0))
          .intoMemorySegment(out, 4L * i, ORDER);
    }
  }
}
