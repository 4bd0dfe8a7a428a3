package gpt.backend.cpu.kernels;

import gpt.model.Precision;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Reduced-precision weights on the Vector API: GEMV micro-kernels for decode that widen the weights
 * in registers, and widening alone, for many rows. As in {@link VectorMatmul} no method takes or
 * returns a vector, a panel is as wide as two vectors of floats, one row reads four panels as four
 * streams, and each sum goes over ascending k.
 *
 * <p>Widening: a bf16 is shifted to the upper half of a float. An f16's sign, exponent and mantissa
 * are shifted to a float's; the value is then too small by 2¹¹² (the exponents' biases differ) and
 * too large by {@link ReducedPrecision#F16_SCALE}, so x is multiplied by 2¹¹² / 2⁶ = 2¹⁰⁶. {@link
 * VectorI8} converts an i8.
 */
final class VectorReducedPrecision {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int L = S.length(); // lanes: floats of a vector
  private static final int BITS = S.vectorBitSize();
  private static final VectorSpecies<Integer> I =
      VectorSpecies.of(int.class, VectorShape.forBitSize(BITS));
  private static final VectorSpecies<Short> HALF =
      VectorSpecies.of(short.class, VectorShape.forBitSize(BITS / 2));
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  /** Bytes of a panel per k, for 16-bit values. */
  private static final long STEP_16 = 4L * L;

  private static final int WIDTH = VectorMatmul.WIDTH;

  /** Sign, exponent and mantissa of an f16 that was shifted left by 13 bits. */
  static final int F16_BITS = 0x8FFFE000;

  /** Factor that makes a shifted f16 the weight. */
  static final float F16_FACTOR = 0x1p112f / ReducedPrecision.F16_SCALE;

  private VectorReducedPrecision() {}

  /** Whether this CPU's vectors support {@link #row} and {@link #widen} for a precision. */
  static boolean supports(Precision precision) {
    return precision != Precision.I8 || VectorI8.SUPPORTED;
  }

  /** {@link CpuKernels#mixedPrecisionMatmul} of one row. */
  static void row(
      Precision precision,
      float[] x,
      int xAt,
      MemorySegment w,
      long wAt,
      long panelBytes,
      int k,
      int columns,
      float[] out,
      int outAt) {
    int step = CpuKernels.STREAMS * WIDTH;
    for (int n = 0; n < columns; n += step) {
      long panel = wAt + n / WIDTH * panelBytes;
      int remaining = columns - n;
      switch (precision) {
        case BF16 -> bf16(x, xAt, w, panel, panelBytes, k, out, outAt + n, remaining);
        case F16 -> f16(x, xAt, w, panel, panelBytes, k, out, outAt + n, remaining);
        case I8 -> VectorI8.row(x, xAt, w, panel, panelBytes, k, out, outAt + n, remaining);
        case F32, Q4, STORED -> throw new IllegalArgumentException(precision + " is not widened");
      }
    }
  }

  /** Micro-kernel, 1 row × up to 4 panels of bf16: as {@link VectorMatmul}'s, 8 accumulators. */
  private static void bf16(
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
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at, ORDER)
                      .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats()
              .fma(v, a0);
      a1 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + STEP_16 / 2, ORDER)
                      .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats()
              .fma(v, a1);
      b0 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + b, ORDER)
                      .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats()
              .fma(v, b0);
      b1 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + b + STEP_16 / 2, ORDER)
                      .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats()
              .fma(v, b1);
      c0 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + c, ORDER)
                      .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats()
              .fma(v, c0);
      c1 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + c + STEP_16 / 2, ORDER)
                      .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats()
              .fma(v, c1);
      d0 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + d, ORDER)
                      .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats()
              .fma(v, d0);
      d1 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + d + STEP_16 / 2, ORDER)
                      .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats()
              .fma(v, d1);
      at += STEP_16;
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

  /** Micro-kernel, 1 row × up to 4 panels of f16. */
  private static void f16(
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
      FloatVector v = FloatVector.broadcast(S, x[xAt + i] * F16_FACTOR);
      a0 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at, ORDER)
                      .convertShape(VectorOperators.S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 13)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, a0);
      a1 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + STEP_16 / 2, ORDER)
                      .convertShape(VectorOperators.S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 13)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, a1);
      b0 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + b, ORDER)
                      .convertShape(VectorOperators.S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 13)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, b0);
      b1 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + b + STEP_16 / 2, ORDER)
                      .convertShape(VectorOperators.S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 13)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, b1);
      c0 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + c, ORDER)
                      .convertShape(VectorOperators.S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 13)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, c0);
      c1 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + c + STEP_16 / 2, ORDER)
                      .convertShape(VectorOperators.S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 13)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, c1);
      d0 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + d, ORDER)
                      .convertShape(VectorOperators.S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 13)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, d0);
      d1 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + d + STEP_16 / 2, ORDER)
                      .convertShape(VectorOperators.S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 13)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, d1);
      at += STEP_16;
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

  /** {@link CpuKernels#widen}. */
  static void widen(Precision precision, MemorySegment w, long wAt, int count, MemorySegment out) {
    switch (precision) {
      case BF16 -> {
        for (int i = 0; i < count; i += L) {
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, wAt + 2L * i, ORDER)
                      .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats()
              .intoMemorySegment(out, 4L * i, ORDER);
        }
      }
      case F16 -> {
        for (int i = 0; i < count; i += L) {
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, wAt + 2L * i, ORDER)
                      .convertShape(VectorOperators.S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 13)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .mul(F16_FACTOR)
              .intoMemorySegment(out, 4L * i, ORDER);
        }
      }
      case I8 -> VectorI8.widen(w, wAt, count, out);
      case F32, Q4, STORED -> throw new IllegalArgumentException(precision + " is not widened");
    }
  }
}
