package gpt.cpu;

import gpt.model.Precision;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Weights of fewer bits than a float on the Vector API: one row times a panel, for decode, with the
 * weights widened in registers; and the widening alone, for many rows. As in {@link VectorMatmul}
 * no method takes or returns a vector, a panel is two vectors of floats wide, and one row reads it
 * as four streams.
 *
 * <p>A bf16 is shifted to a float's upper half. Of an f16 the sign and the other bits are moved to
 * where a float has them, which is right but for 2⁻¹¹² in the exponent and {@link
 * Narrow#F16_SCALE}: the inputs have that as a factor, 2¹⁰⁶. An 8-bit integer is converted; its
 * row's factor is left to the caller.
 */
final class VectorNarrow {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int L = S.length();
  private static final int BITS = S.vectorBitSize();
  private static final VectorSpecies<Integer> I =
      VectorSpecies.of(int.class, VectorShape.forBitSize(BITS));
  private static final VectorSpecies<Short> HALF =
      VectorSpecies.of(short.class, VectorShape.forBitSize(BITS / 2));
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  /** Where a vector has 128 bits, there is none of a quarter of them. */
  static final boolean HAS_BYTES = BITS >= 256;

  private static final VectorSpecies<Byte> QUARTER =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(HAS_BYTES ? BITS / 4 : 64));

  /** A panel's width of 16-bit values, and of 8-bit ones, in bytes. */
  private static final long STEP_16 = 4L * L;

  private static final long STEP_8 = 2L * L;

  private static final int F16_BITS = 0x8FFFE000;
  private static final float F16_FACTOR = 0x1p112f / Narrow.F16_SCALE;

  private VectorNarrow() {}

  /** Whether {@link #row} takes such weights. */
  static boolean takes(Precision precision) {
    return precision != Precision.I8 || HAS_BYTES;
  }

  /** See {@link CpuKernels#narrowMatmul}, of one row. */
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
    for (int n = 0; n < columns; n += 2 * L) {
      long panel = wAt + n / (2 * L) * panelBytes;
      int width = Math.min(2 * L, columns - n);
      switch (precision) {
        case BF16 -> bf16(x, xAt, w, panel, k, out, outAt + n, width);
        case F16 -> f16(x, xAt, w, panel, k, out, outAt + n, width);
        case I8 -> i8(x, xAt, w, panel, k, out, outAt + n, width);
        case F32 -> throw new IllegalArgumentException("floats are not narrow");
      }
    }
  }

  private static void bf16(
      float[] x, int xAt, MemorySegment w, long wAt, int k, float[] out, int outAt, int width) {
    FloatVector a0 = FloatVector.zero(S);
    FloatVector a1 = FloatVector.zero(S);
    FloatVector b0 = FloatVector.zero(S);
    FloatVector b1 = FloatVector.zero(S);
    FloatVector c0 = FloatVector.zero(S);
    FloatVector c1 = FloatVector.zero(S);
    FloatVector d0 = FloatVector.zero(S);
    FloatVector d1 = FloatVector.zero(S);
    int quarter = k >> 2;
    int xb = xAt + quarter;
    int xc = xb + quarter;
    int xd = xc + quarter;
    long stream = quarter * STEP_16;
    long at = wAt;
    for (int i = 0; i < quarter; i++) {
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
      v = FloatVector.broadcast(S, x[xb + i]);
      b0 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + stream, ORDER)
                      .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats()
              .fma(v, b0);
      b1 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + stream + STEP_16 / 2, ORDER)
                      .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats()
              .fma(v, b1);
      v = FloatVector.broadcast(S, x[xc + i]);
      c0 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + 2 * stream, ORDER)
                      .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats()
              .fma(v, c0);
      c1 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + 2 * stream + STEP_16 / 2, ORDER)
                      .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats()
              .fma(v, c1);
      v = FloatVector.broadcast(S, x[xd + i]);
      d0 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + 3 * stream, ORDER)
                      .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats()
              .fma(v, d0);
      d1 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + 3 * stream + STEP_16 / 2, ORDER)
                      .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats()
              .fma(v, d1);
      at += STEP_16;
    }
    at = wAt + 4 * stream;
    for (int i = 4 * quarter; i < k; i++) {
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
      at += STEP_16;
    }
    a0 = a0.add(b0).add(c0.add(d0));
    a1 = a1.add(b1).add(c1.add(d1));
    if (width == 2 * L) {
      a0.intoArray(out, outAt);
      a1.intoArray(out, outAt + L);
      return;
    }
    a0.intoArray(out, outAt, S.indexInRange(0, width));
    a1.intoArray(out, outAt + L, S.indexInRange(L, width));
  }

  private static void f16(
      float[] x, int xAt, MemorySegment w, long wAt, int k, float[] out, int outAt, int width) {
    FloatVector a0 = FloatVector.zero(S);
    FloatVector a1 = FloatVector.zero(S);
    FloatVector b0 = FloatVector.zero(S);
    FloatVector b1 = FloatVector.zero(S);
    FloatVector c0 = FloatVector.zero(S);
    FloatVector c1 = FloatVector.zero(S);
    FloatVector d0 = FloatVector.zero(S);
    FloatVector d1 = FloatVector.zero(S);
    int quarter = k >> 2;
    int xb = xAt + quarter;
    int xc = xb + quarter;
    int xd = xc + quarter;
    long stream = quarter * STEP_16;
    long at = wAt;
    for (int i = 0; i < quarter; i++) {
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
      v = FloatVector.broadcast(S, x[xb + i] * F16_FACTOR);
      b0 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + stream, ORDER)
                      .convertShape(VectorOperators.S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 13)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, b0);
      b1 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + stream + STEP_16 / 2, ORDER)
                      .convertShape(VectorOperators.S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 13)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, b1);
      v = FloatVector.broadcast(S, x[xc + i] * F16_FACTOR);
      c0 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + 2 * stream, ORDER)
                      .convertShape(VectorOperators.S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 13)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, c0);
      c1 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + 2 * stream + STEP_16 / 2, ORDER)
                      .convertShape(VectorOperators.S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 13)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, c1);
      v = FloatVector.broadcast(S, x[xd + i] * F16_FACTOR);
      d0 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + 3 * stream, ORDER)
                      .convertShape(VectorOperators.S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 13)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, d0);
      d1 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, at + 3 * stream + STEP_16 / 2, ORDER)
                      .convertShape(VectorOperators.S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 13)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, d1);
      at += STEP_16;
    }
    at = wAt + 4 * stream;
    for (int i = 4 * quarter; i < k; i++) {
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
      at += STEP_16;
    }
    a0 = a0.add(b0).add(c0.add(d0));
    a1 = a1.add(b1).add(c1.add(d1));
    if (width == 2 * L) {
      a0.intoArray(out, outAt);
      a1.intoArray(out, outAt + L);
      return;
    }
    a0.intoArray(out, outAt, S.indexInRange(0, width));
    a1.intoArray(out, outAt + L, S.indexInRange(L, width));
  }

  private static void i8(
      float[] x, int xAt, MemorySegment w, long wAt, int k, float[] out, int outAt, int width) {
    FloatVector a0 = FloatVector.zero(S);
    FloatVector a1 = FloatVector.zero(S);
    FloatVector b0 = FloatVector.zero(S);
    FloatVector b1 = FloatVector.zero(S);
    FloatVector c0 = FloatVector.zero(S);
    FloatVector c1 = FloatVector.zero(S);
    FloatVector d0 = FloatVector.zero(S);
    FloatVector d1 = FloatVector.zero(S);
    int quarter = k >> 2;
    int xb = xAt + quarter;
    int xc = xb + quarter;
    int xd = xc + quarter;
    long stream = quarter * STEP_8;
    long at = wAt;
    for (int i = 0; i < quarter; i++) {
      FloatVector v = FloatVector.broadcast(S, x[xAt + i]);
      a0 =
          ((FloatVector)
                  ByteVector.fromMemorySegment(QUARTER, w, at, ORDER)
                      .convertShape(VectorOperators.B2F, S, 0))
              .fma(v, a0);
      a1 =
          ((FloatVector)
                  ByteVector.fromMemorySegment(QUARTER, w, at + STEP_8 / 2, ORDER)
                      .convertShape(VectorOperators.B2F, S, 0))
              .fma(v, a1);
      v = FloatVector.broadcast(S, x[xb + i]);
      b0 =
          ((FloatVector)
                  ByteVector.fromMemorySegment(QUARTER, w, at + stream, ORDER)
                      .convertShape(VectorOperators.B2F, S, 0))
              .fma(v, b0);
      b1 =
          ((FloatVector)
                  ByteVector.fromMemorySegment(QUARTER, w, at + stream + STEP_8 / 2, ORDER)
                      .convertShape(VectorOperators.B2F, S, 0))
              .fma(v, b1);
      v = FloatVector.broadcast(S, x[xc + i]);
      c0 =
          ((FloatVector)
                  ByteVector.fromMemorySegment(QUARTER, w, at + 2 * stream, ORDER)
                      .convertShape(VectorOperators.B2F, S, 0))
              .fma(v, c0);
      c1 =
          ((FloatVector)
                  ByteVector.fromMemorySegment(QUARTER, w, at + 2 * stream + STEP_8 / 2, ORDER)
                      .convertShape(VectorOperators.B2F, S, 0))
              .fma(v, c1);
      v = FloatVector.broadcast(S, x[xd + i]);
      d0 =
          ((FloatVector)
                  ByteVector.fromMemorySegment(QUARTER, w, at + 3 * stream, ORDER)
                      .convertShape(VectorOperators.B2F, S, 0))
              .fma(v, d0);
      d1 =
          ((FloatVector)
                  ByteVector.fromMemorySegment(QUARTER, w, at + 3 * stream + STEP_8 / 2, ORDER)
                      .convertShape(VectorOperators.B2F, S, 0))
              .fma(v, d1);
      at += STEP_8;
    }
    at = wAt + 4 * stream;
    for (int i = 4 * quarter; i < k; i++) {
      FloatVector v = FloatVector.broadcast(S, x[xAt + i]);
      a0 =
          ((FloatVector)
                  ByteVector.fromMemorySegment(QUARTER, w, at, ORDER)
                      .convertShape(VectorOperators.B2F, S, 0))
              .fma(v, a0);
      a1 =
          ((FloatVector)
                  ByteVector.fromMemorySegment(QUARTER, w, at + STEP_8 / 2, ORDER)
                      .convertShape(VectorOperators.B2F, S, 0))
              .fma(v, a1);
      at += STEP_8;
    }
    a0 = a0.add(b0).add(c0.add(d0));
    a1 = a1.add(b1).add(c1.add(d1));
    if (width == 2 * L) {
      a0.intoArray(out, outAt);
      a1.intoArray(out, outAt + L);
      return;
    }
    a0.intoArray(out, outAt, S.indexInRange(0, width));
    a1.intoArray(out, outAt + L, S.indexInRange(L, width));
  }

  /** See {@link CpuKernels#widen}. */
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
      case I8 -> {
        for (int i = 0; i < count; i += L) {
          ((FloatVector)
                  ByteVector.fromMemorySegment(QUARTER, w, wAt + i, ORDER)
                      .convertShape(VectorOperators.B2F, S, 0))
              .intoMemorySegment(out, 4L * i, ORDER);
        }
      }
      case F32 -> throw new IllegalArgumentException("floats are not narrow");
    }
  }
}
