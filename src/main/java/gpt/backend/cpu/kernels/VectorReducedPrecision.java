package gpt.backend.cpu.kernels;

import gpt.model.Precision;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Reduced-precision weights on the Vector API: GEMV micro-kernels for decode that widen the weights
 * in registers, and widening alone, for many rows. As in {@link VectorMatmul} no method takes or
 * returns a vector, a panel is as wide as two vectors of floats, one row reads four panels as four
 * streams, and each sum goes over ascending k.
 *
 * <p>16-bit weights are stored in pairs ({@link ReducedPrecision#toPairs}), so one load has both
 * vectors of a panel, one in the low halves of its words and one in the high halves. Widening a
 * bf16 is then one instruction: a shift of the low half or a mask of the high one. The instruction
 * that widens 16-bit lanes instead takes two cycles for 8 weights on AMD's first Zen.
 *
 * <p>An f16's sign, exponent and mantissa are shifted to a float's; the value is then too small by
 * 2¹¹² (the exponents' biases differ) and too large by {@link ReducedPrecision#F16_SCALE}, so x is
 * multiplied by 2¹¹² / 2⁶ = 2¹⁰⁶. {@link VectorI8} converts an i8.
 */
final class VectorReducedPrecision {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int L = S.length(); // lanes: floats of a vector
  private static final int BITS = S.vectorBitSize();
  private static final VectorSpecies<Integer> I =
      VectorSpecies.of(int.class, VectorShape.forBitSize(BITS));
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  /** Bytes of a panel per k: one vector of pairs. */
  private static final long STEP = 4L * L;

  private static final int WIDTH = VectorMatmul.WIDTH;

  /** The high half of a pair. */
  static final int HIGH = 0xFFFF0000;

  /** Sign, exponent and mantissa of an f16 in the high half, after {@link #F16_SHIFT}. */
  static final int F16_BITS = 0x8FFFE000;

  /** Arithmetic right shift that moves an f16 in the high half to the place of a float's. */
  static final int F16_SHIFT = 3;

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
    if (precision == Precision.I8) {
      VectorI8.row(x, xAt, w, wAt, panelBytes, k, columns, out, outAt);
      return;
    }
    boolean bf16 = precision == Precision.BF16;
    int step = CpuKernels.STREAMS * WIDTH;
    int n = 0;
    for (; n <= columns - step; n += step) {
      long panels = wAt + n / WIDTH * panelBytes;
      if (bf16) {
        bf16(x, xAt, w, panels, panelBytes, k, out, outAt + n);
      } else {
        f16(x, xAt, w, panels, panelBytes, k, out, outAt + n);
      }
    }
    for (; n < columns; n += WIDTH) {
      long panel = wAt + n / WIDTH * panelBytes;
      if (bf16) {
        bf16Panel(x, xAt, w, panel, k, out, outAt + n, columns - n);
      } else {
        f16Panel(x, xAt, w, panel, k, out, outAt + n, columns - n);
      }
    }
  }

  /**
   * Micro-kernel, 1 row × 4 panels of bf16: as {@link VectorMatmul}'s, 8 accumulators, two steps
   * over k. The streams' addresses are variables of the loop: as sums in each load, C2 kept more of
   * them than it has registers, and the loop took 1.1 times as long.
   */
  private static void bf16(
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
    IntVector word;
    long at = wAt;
    int i = 0;
    for (; i < k - 1; i += 2) {
      long atB = at + panelBytes;
      long atC = atB + panelBytes;
      long atD = atC + panelBytes;
      FloatVector v = FloatVector.broadcast(S, x[xAt + i]);
      FloatVector u = FloatVector.broadcast(S, x[xAt + i + 1]);
      word = IntVector.fromMemorySegment(I, w, at, ORDER);
      a0 = word.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(v, a0);
      a1 = word.and(HIGH).reinterpretAsFloats().fma(v, a1);
      word = IntVector.fromMemorySegment(I, w, at + STEP, ORDER);
      a0 = word.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(u, a0);
      a1 = word.and(HIGH).reinterpretAsFloats().fma(u, a1);
      word = IntVector.fromMemorySegment(I, w, atB, ORDER);
      b0 = word.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(v, b0);
      b1 = word.and(HIGH).reinterpretAsFloats().fma(v, b1);
      word = IntVector.fromMemorySegment(I, w, atB + STEP, ORDER);
      b0 = word.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(u, b0);
      b1 = word.and(HIGH).reinterpretAsFloats().fma(u, b1);
      word = IntVector.fromMemorySegment(I, w, atC, ORDER);
      c0 = word.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(v, c0);
      c1 = word.and(HIGH).reinterpretAsFloats().fma(v, c1);
      word = IntVector.fromMemorySegment(I, w, atC + STEP, ORDER);
      c0 = word.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(u, c0);
      c1 = word.and(HIGH).reinterpretAsFloats().fma(u, c1);
      word = IntVector.fromMemorySegment(I, w, atD, ORDER);
      d0 = word.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(v, d0);
      d1 = word.and(HIGH).reinterpretAsFloats().fma(v, d1);
      word = IntVector.fromMemorySegment(I, w, atD + STEP, ORDER);
      d0 = word.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(u, d0);
      d1 = word.and(HIGH).reinterpretAsFloats().fma(u, d1);
      at += 2 * STEP;
    }
    if (i < k) {
      long atB = at + panelBytes;
      long atC = atB + panelBytes;
      long atD = atC + panelBytes;
      FloatVector v = FloatVector.broadcast(S, x[xAt + i]);
      word = IntVector.fromMemorySegment(I, w, at, ORDER);
      a0 = word.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(v, a0);
      a1 = word.and(HIGH).reinterpretAsFloats().fma(v, a1);
      word = IntVector.fromMemorySegment(I, w, atB, ORDER);
      b0 = word.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(v, b0);
      b1 = word.and(HIGH).reinterpretAsFloats().fma(v, b1);
      word = IntVector.fromMemorySegment(I, w, atC, ORDER);
      c0 = word.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(v, c0);
      c1 = word.and(HIGH).reinterpretAsFloats().fma(v, c1);
      word = IntVector.fromMemorySegment(I, w, atD, ORDER);
      d0 = word.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(v, d0);
      d1 = word.and(HIGH).reinterpretAsFloats().fma(v, d1);
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

  /** {@link #bf16} of one panel, perhaps a partial one: the same order of sums. */
  private static void bf16Panel(
      float[] x, int xAt, MemorySegment w, long wAt, int k, float[] out, int outAt, int columns) {
    FloatVector a0 = FloatVector.zero(S);
    FloatVector a1 = FloatVector.zero(S);
    long at = wAt;
    for (int i = 0; i < k; i++) {
      FloatVector v = FloatVector.broadcast(S, x[xAt + i]);
      IntVector word = IntVector.fromMemorySegment(I, w, at, ORDER);
      a0 = word.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(v, a0);
      a1 = word.and(HIGH).reinterpretAsFloats().fma(v, a1);
      at += STEP;
    }
    a0.intoArray(out, outAt, S.indexInRange(0, columns));
    if (columns > L) {
      a1.intoArray(out, outAt + L, S.indexInRange(L, columns));
    }
  }

  /**
   * Micro-kernel, 1 row × 4 panels of f16. Moving a low half takes a second shift, and AMD's first
   * Zen has one vector unit that shifts. So the loop loads each vector a second time from two bytes
   * before, where the low halves are high ones. The first step, before which there may be nothing
   * to load, shifts.
   */
  private static void f16(
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
    long at = wAt;
    {
      FloatVector v = FloatVector.broadcast(S, x[xAt] * F16_FACTOR);
      IntVector word;
      word = IntVector.fromMemorySegment(I, w, at, ORDER);
      a0 =
          word.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, F16_SHIFT)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, a0);
      a1 =
          word.lanewise(VectorOperators.ASHR, F16_SHIFT)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, a1);
      word = IntVector.fromMemorySegment(I, w, at + panelBytes, ORDER);
      b0 =
          word.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, F16_SHIFT)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, b0);
      b1 =
          word.lanewise(VectorOperators.ASHR, F16_SHIFT)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, b1);
      word = IntVector.fromMemorySegment(I, w, at + 2 * panelBytes, ORDER);
      c0 =
          word.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, F16_SHIFT)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, c0);
      c1 =
          word.lanewise(VectorOperators.ASHR, F16_SHIFT)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, c1);
      word = IntVector.fromMemorySegment(I, w, at + 3 * panelBytes, ORDER);
      d0 =
          word.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, F16_SHIFT)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, d0);
      d1 =
          word.lanewise(VectorOperators.ASHR, F16_SHIFT)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, d1);
    }
    for (int i = 1; i < k; i++) {
      at += STEP;
      long atB = at + panelBytes;
      long atC = atB + panelBytes;
      long atD = atC + panelBytes;
      FloatVector v = FloatVector.broadcast(S, x[xAt + i] * F16_FACTOR);
      a0 =
          IntVector.fromMemorySegment(I, w, at - 2, ORDER)
              .lanewise(VectorOperators.ASHR, F16_SHIFT)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, a0);
      a1 =
          IntVector.fromMemorySegment(I, w, at, ORDER)
              .lanewise(VectorOperators.ASHR, F16_SHIFT)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, a1);
      b0 =
          IntVector.fromMemorySegment(I, w, atB - 2, ORDER)
              .lanewise(VectorOperators.ASHR, F16_SHIFT)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, b0);
      b1 =
          IntVector.fromMemorySegment(I, w, atB, ORDER)
              .lanewise(VectorOperators.ASHR, F16_SHIFT)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, b1);
      c0 =
          IntVector.fromMemorySegment(I, w, atC - 2, ORDER)
              .lanewise(VectorOperators.ASHR, F16_SHIFT)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, c0);
      c1 =
          IntVector.fromMemorySegment(I, w, atC, ORDER)
              .lanewise(VectorOperators.ASHR, F16_SHIFT)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, c1);
      d0 =
          IntVector.fromMemorySegment(I, w, atD - 2, ORDER)
              .lanewise(VectorOperators.ASHR, F16_SHIFT)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, d0);
      d1 =
          IntVector.fromMemorySegment(I, w, atD, ORDER)
              .lanewise(VectorOperators.ASHR, F16_SHIFT)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, d1);
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

  /** {@link #f16} of one panel, perhaps a partial one: the same order of sums. */
  private static void f16Panel(
      float[] x, int xAt, MemorySegment w, long wAt, int k, float[] out, int outAt, int columns) {
    FloatVector a0 = FloatVector.zero(S);
    FloatVector a1 = FloatVector.zero(S);
    long at = wAt;
    for (int i = 0; i < k; i++) {
      FloatVector v = FloatVector.broadcast(S, x[xAt + i] * F16_FACTOR);
      IntVector word = IntVector.fromMemorySegment(I, w, at, ORDER);
      a0 =
          word.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, F16_SHIFT)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, a0);
      a1 =
          word.lanewise(VectorOperators.ASHR, F16_SHIFT)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .fma(v, a1);
      at += STEP;
    }
    a0.intoArray(out, outAt, S.indexInRange(0, columns));
    if (columns > L) {
      a1.intoArray(out, outAt + L, S.indexInRange(L, columns));
    }
  }

  /** Widens {@code count} values of a panel to floats, without the scales of i8. */
  static void widen(Precision precision, MemorySegment w, long wAt, int count, MemorySegment out) {
    switch (precision) {
      case BF16 -> {
        for (int i = 0; i < count; i += WIDTH) {
          IntVector word = IntVector.fromMemorySegment(I, w, wAt + 2L * i, ORDER);
          word.lanewise(VectorOperators.LSHL, 16).intoMemorySegment(out, 4L * i, ORDER);
          word.and(HIGH).intoMemorySegment(out, 4L * (i + L), ORDER);
        }
      }
      case F16 -> {
        for (int i = 0; i < count; i += WIDTH) {
          IntVector word = IntVector.fromMemorySegment(I, w, wAt + 2L * i, ORDER);
          word.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, F16_SHIFT)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .mul(F16_FACTOR)
              .intoMemorySegment(out, 4L * i, ORDER);
          word.lanewise(VectorOperators.ASHR, F16_SHIFT)
              .and(F16_BITS)
              .reinterpretAsFloats()
              .mul(F16_FACTOR)
              .intoMemorySegment(out, 4L * (i + L), ORDER);
        }
      }
      case I8 -> VectorI8.widen(w, wAt, count, out);
      case F32, Q4, STORED -> throw new IllegalArgumentException(precision + " is not widened");
    }
  }
}
