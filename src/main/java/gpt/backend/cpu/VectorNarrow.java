package gpt.backend.cpu;

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
 * no method takes or returns a vector, a panel is two vectors of floats wide, and one row reads
 * four panels at once, each sum in order.
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

  private static final int WIDTH = VectorMatmul.WIDTH;
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
    int step = CpuKernels.STREAMS * WIDTH;
    for (int n = 0; n < columns; n += step) {
      long panel = wAt + n / WIDTH * panelBytes;
      int left = columns - n;
      switch (precision) {
        case BF16 -> bf16(x, xAt, w, panel, panelBytes, k, out, outAt + n, left);
        case F16 -> f16(x, xAt, w, panel, panelBytes, k, out, outAt + n, left);
        case I8 -> i8(x, xAt, w, panel, panelBytes, k, out, outAt + n, left);
        case F32 -> throw new IllegalArgumentException("floats are not narrow");
      }
    }
  }

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
    // A stream that has no panel reads the first one's and is not stored.
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
    // A stream that has no panel reads the first one's and is not stored.
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

  private static void i8(
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
    for (int i = 0; i < k; i++) {
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
      b0 =
          ((FloatVector)
                  ByteVector.fromMemorySegment(QUARTER, w, at + b, ORDER)
                      .convertShape(VectorOperators.B2F, S, 0))
              .fma(v, b0);
      b1 =
          ((FloatVector)
                  ByteVector.fromMemorySegment(QUARTER, w, at + b + STEP_8 / 2, ORDER)
                      .convertShape(VectorOperators.B2F, S, 0))
              .fma(v, b1);
      c0 =
          ((FloatVector)
                  ByteVector.fromMemorySegment(QUARTER, w, at + c, ORDER)
                      .convertShape(VectorOperators.B2F, S, 0))
              .fma(v, c0);
      c1 =
          ((FloatVector)
                  ByteVector.fromMemorySegment(QUARTER, w, at + c + STEP_8 / 2, ORDER)
                      .convertShape(VectorOperators.B2F, S, 0))
              .fma(v, c1);
      d0 =
          ((FloatVector)
                  ByteVector.fromMemorySegment(QUARTER, w, at + d, ORDER)
                      .convertShape(VectorOperators.B2F, S, 0))
              .fma(v, d0);
      d1 =
          ((FloatVector)
                  ByteVector.fromMemorySegment(QUARTER, w, at + d + STEP_8 / 2, ORDER)
                      .convertShape(VectorOperators.B2F, S, 0))
              .fma(v, d1);
      at += STEP_8;
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
