package gpt.backend.cpu.kernels;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Scales {@link VectorCodes}' sums of a row's products with groups, and adds them up. Scales are
 * unpacked here: both vectors of a panel in one loop, which overlap. An f16's bits as a float are
 * {@link #UNIT} times too small.
 *
 * <p>Products are pairs of 16-bit sums, the lower one {@link QuantizedRows#LOW_BIAS} too large, or
 * whole sums where a {@link QuantizedPanel#run} is less than a group.
 */
final class VectorSums {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int L = S.length(); // lanes: floats of a vector
  private static final int BITS = S.vectorBitSize();
  private static final VectorSpecies<Integer> I =
      VectorSpecies.of(int.class, VectorShape.forBitSize(BITS));
  private static final VectorSpecies<Short> HALF =
      VectorSpecies.of(short.class, VectorShape.forBitSize(BITS / 2));
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private static final float UNIT = VectorReducedPrecision.F16_FACTOR;

  private static final int WIDTH = VectorMatmul.WIDTH;

  /** Shift of an f16's mantissa and exponent to a float's. */
  private static final int TO_FLOAT = 13;

  /** The signs of four bytes: without, −128 to 127 are 0 to 255. */
  private static final int SIGNS = 0x80808080;

  private VectorSums() {}

  /**
   * Adds the scaled products of a row with a panel's groups to {@code out}.
   *
   * @param first the first group
   * @param products of the first group from {@code at} on, the next one's {@code stride} later
   * @param panel where the block with the first group is in {@code w}
   */
  static void add(
      QuantizedPanel form,
      QuantizedRows x,
      int row,
      int first,
      int groups,
      int[] products,
      int at,
      int stride,
      MemorySegment w,
      long panel,
      float[] out,
      int outAt) {
    int from = row * x.groups() + first;
    int end = from + groups;
    long bytes = form.blockBytes();
    int bits = form.factorBits();
    boolean minimum = form.type().hasMinimum();
    if (minimum && bits > 0) {
      addFactors(x, from, end, bits, products, at, stride, w, panel, bytes, out, outAt);
    } else if (minimum) {
      addPairs(x, from, end, products, at, stride, w, panel, bytes, out, outAt);
    } else if (bits > 0) {
      addSignedFactors(x, from, end, products, at, stride, w, panel, bytes, out, outAt);
    } else {
      boolean halves = form.run() == form.type().group();
      addSingles(x, from, end, halves, products, at, stride, w, panel, bytes, out, outAt);
    }
  }

  /** Blocks of a group with a scale. */
  private static void addSingles(
      QuantizedRows x,
      int from,
      int end,
      boolean halves,
      int[] products,
      int at,
      int stride,
      MemorySegment w,
      long panel,
      long blockBytes,
      float[] out,
      int outAt) {
    float[] factors = x.scales();
    FloatVector s0 = FloatVector.fromArray(S, out, outAt);
    FloatVector s1 = FloatVector.fromArray(S, out, outAt + L);
    for (int g = from; g < end; g++) {
      IntVector p0 = IntVector.fromArray(I, products, at);
      IntVector p1 = IntVector.fromArray(I, products, at + L);
      if (halves) {
        p0 = p0.and(0xFFFF).add(p0.lanewise(VectorOperators.ASHR, 16)).sub(QuantizedRows.LOW_BIAS);
        p1 = p1.and(0xFFFF).add(p1.lanewise(VectorOperators.ASHR, 16)).sub(QuantizedRows.LOW_BIAS);
      }
      FloatVector factor = FloatVector.broadcast(S, factors[g] * UNIT);
      FloatVector scale0 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, panel, ORDER)
                      .convertShape(VectorOperators.S2I, I, 0))
              .lanewise(VectorOperators.LSHL, TO_FLOAT)
              .and(VectorReducedPrecision.F16_BITS)
              .reinterpretAsFloats()
              .mul(factor);
      s0 = ((FloatVector) p0.convert(VectorOperators.I2F, 0)).fma(scale0, s0);
      FloatVector scale1 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, panel + 2L * L, ORDER)
                      .convertShape(VectorOperators.S2I, I, 0))
              .lanewise(VectorOperators.LSHL, TO_FLOAT)
              .and(VectorReducedPrecision.F16_BITS)
              .reinterpretAsFloats()
              .mul(factor);
      s1 = ((FloatVector) p1.convert(VectorOperators.I2F, 0)).fma(scale1, s1);
      at += stride;
      panel += blockBytes;
    }
    s0.intoArray(out, outAt);
    s1.intoArray(out, outAt + L);
  }

  /** Blocks of a group with a scale and a minimum. */
  private static void addPairs(
      QuantizedRows x,
      int from,
      int end,
      int[] products,
      int at,
      int stride,
      MemorySegment w,
      long panel,
      long blockBytes,
      float[] out,
      int outAt) {
    float[] factors = x.scales();
    float[] sums = x.sums();
    float[] zeros = x.zeros();
    FloatVector s0 = FloatVector.fromArray(S, out, outAt);
    FloatVector s1 = FloatVector.fromArray(S, out, outAt + L);
    for (int g = from; g < end; g++) {
      IntVector pair0 = IntVector.fromMemorySegment(I, w, panel, ORDER);
      IntVector pair1 = IntVector.fromMemorySegment(I, w, panel + 4L * L, ORDER);
      IntVector p0 = IntVector.fromArray(I, products, at);
      IntVector p1 = IntVector.fromArray(I, products, at + L);
      FloatVector zero = FloatVector.broadcast(S, zeros[g]);
      FloatVector factor = FloatVector.broadcast(S, factors[g] * UNIT);
      FloatVector sum = FloatVector.broadcast(S, sums[g] * UNIT);
      s0 =
          ((FloatVector)
                  p0.and(0xFFFF)
                      .add(p0.lanewise(VectorOperators.ASHR, 16))
                      .convert(VectorOperators.I2F, 0))
              .sub(zero)
              .fma(
                  pair0
                      .lanewise(VectorOperators.LSHL, 16)
                      .lanewise(VectorOperators.ASHR, 16 - TO_FLOAT)
                      .and(VectorReducedPrecision.F16_BITS)
                      .reinterpretAsFloats()
                      .mul(factor),
                  s0);
      s0 =
          pair0
              .lanewise(VectorOperators.ASHR, 16 - TO_FLOAT)
              .and(VectorReducedPrecision.F16_BITS)
              .reinterpretAsFloats()
              .fma(sum, s0);
      s1 =
          ((FloatVector)
                  p1.and(0xFFFF)
                      .add(p1.lanewise(VectorOperators.ASHR, 16))
                      .convert(VectorOperators.I2F, 0))
              .sub(zero)
              .fma(
                  pair1
                      .lanewise(VectorOperators.LSHL, 16)
                      .lanewise(VectorOperators.ASHR, 16 - TO_FLOAT)
                      .and(VectorReducedPrecision.F16_BITS)
                      .reinterpretAsFloats()
                      .mul(factor),
                  s1);
      s1 =
          pair1
              .lanewise(VectorOperators.ASHR, 16 - TO_FLOAT)
              .and(VectorReducedPrecision.F16_BITS)
              .reinterpretAsFloats()
              .fma(sum, s1);
      at += stride;
      panel += blockBytes;
    }
    s0.intoArray(out, outAt);
    s1.intoArray(out, outAt + L);
  }

  /**
   * Blocks of groups whose scale and minimum are the block's times factors of {@code bits}, the
   * minimum's in the upper half of them.
   */
  private static void addFactors(
      QuantizedRows x,
      int from,
      int end,
      int bits,
      int[] products,
      int at,
      int stride,
      MemorySegment w,
      long panel,
      long blockBytes,
      float[] out,
      int outAt) {
    float[] factors = x.scales();
    float[] sums = x.sums();
    float[] zeros = x.zeros();
    int half = bits / 2;
    int mask = (1 << half) - 1;
    int wordGroups = 32 / bits;
    FloatVector s0 = FloatVector.fromArray(S, out, outAt);
    FloatVector s1 = FloatVector.fromArray(S, out, outAt + L);
    for (int g = from; g < end; panel += blockBytes) {
      IntVector pair0 = IntVector.fromMemorySegment(I, w, panel, ORDER);
      IntVector pair1 = IntVector.fromMemorySegment(I, w, panel + 4L * L, ORDER);
      FloatVector scale0 =
          pair0
              .lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 16 - TO_FLOAT)
              .and(VectorReducedPrecision.F16_BITS)
              .reinterpretAsFloats()
              .mul(UNIT);
      FloatVector minimum0 =
          pair0
              .lanewise(VectorOperators.ASHR, 16 - TO_FLOAT)
              .and(VectorReducedPrecision.F16_BITS)
              .reinterpretAsFloats()
              .mul(UNIT);
      FloatVector scale1 =
          pair1
              .lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 16 - TO_FLOAT)
              .and(VectorReducedPrecision.F16_BITS)
              .reinterpretAsFloats()
              .mul(UNIT);
      FloatVector minimum1 =
          pair1
              .lanewise(VectorOperators.ASHR, 16 - TO_FLOAT)
              .and(VectorReducedPrecision.F16_BITS)
              .reinterpretAsFloats()
              .mul(UNIT);
      for (int i = 0; i < QuantizedPanel.FACTOR_WORDS; i++) {
        long word = panel + 4L * WIDTH + i * 4L * WIDTH;
        IntVector v0 = IntVector.fromMemorySegment(I, w, word, ORDER);
        IntVector v1 = IntVector.fromMemorySegment(I, w, word + 4L * L, ORDER);
        for (int j = 0; j < wordGroups; j++) {
          IntVector p0 = IntVector.fromArray(I, products, at);
          IntVector p1 = IntVector.fromArray(I, products, at + L);
          FloatVector zero = FloatVector.broadcast(S, zeros[g]);
          FloatVector factor = FloatVector.broadcast(S, factors[g]);
          FloatVector sum = FloatVector.broadcast(S, sums[g]);
          s0 =
              ((FloatVector)
                      p0.and(0xFFFF)
                          .add(p0.lanewise(VectorOperators.ASHR, 16))
                          .convert(VectorOperators.I2F, 0))
                  .sub(zero)
                  .fma(
                      ((FloatVector) v0.and(mask).convert(VectorOperators.I2F, 0))
                          .mul(scale0)
                          .mul(factor),
                      s0);
          v0 = v0.lanewise(VectorOperators.LSHR, half);
          s0 =
              ((FloatVector) v0.and(mask).convert(VectorOperators.I2F, 0))
                  .mul(minimum0)
                  .fma(sum, s0);
          v0 = v0.lanewise(VectorOperators.LSHR, half);
          s1 =
              ((FloatVector)
                      p1.and(0xFFFF)
                          .add(p1.lanewise(VectorOperators.ASHR, 16))
                          .convert(VectorOperators.I2F, 0))
                  .sub(zero)
                  .fma(
                      ((FloatVector) v1.and(mask).convert(VectorOperators.I2F, 0))
                          .mul(scale1)
                          .mul(factor),
                      s1);
          v1 = v1.lanewise(VectorOperators.LSHR, half);
          s1 =
              ((FloatVector) v1.and(mask).convert(VectorOperators.I2F, 0))
                  .mul(minimum1)
                  .fma(sum, s1);
          v1 = v1.lanewise(VectorOperators.LSHR, half);
          at += stride;
          g++;
        }
      }
    }
    s0.intoArray(out, outAt);
    s1.intoArray(out, outAt + L);
  }

  /** Blocks of groups whose scale is the block's times a factor of 8 bits with a sign. */
  private static void addSignedFactors(
      QuantizedRows x,
      int from,
      int end,
      int[] products,
      int at,
      int stride,
      MemorySegment w,
      long panel,
      long blockBytes,
      float[] out,
      int outAt) {
    float[] factors = x.scales();
    float[] zeros = x.zeros();
    FloatVector s0 = FloatVector.fromArray(S, out, outAt);
    FloatVector s1 = FloatVector.fromArray(S, out, outAt + L);
    for (int g = from; g < end; panel += blockBytes) {
      FloatVector scale0 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, panel, ORDER)
                      .convertShape(VectorOperators.S2I, I, 0))
              .lanewise(VectorOperators.LSHL, TO_FLOAT)
              .and(VectorReducedPrecision.F16_BITS)
              .reinterpretAsFloats()
              .mul(UNIT);
      FloatVector scale1 =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, panel + 2L * L, ORDER)
                      .convertShape(VectorOperators.S2I, I, 0))
              .lanewise(VectorOperators.LSHL, TO_FLOAT)
              .and(VectorReducedPrecision.F16_BITS)
              .reinterpretAsFloats()
              .mul(UNIT);
      for (int i = 0; i < QuantizedPanel.FACTOR_WORDS; i++) {
        long word = panel + 2L * WIDTH + i * 4L * WIDTH;
        IntVector v0 =
            IntVector.fromMemorySegment(I, w, word, ORDER).lanewise(VectorOperators.XOR, SIGNS);
        IntVector v1 =
            IntVector.fromMemorySegment(I, w, word + 4L * L, ORDER)
                .lanewise(VectorOperators.XOR, SIGNS);
        for (int j = 0; j < 4; j++) {
          IntVector p0 = IntVector.fromArray(I, products, at);
          IntVector p1 = IntVector.fromArray(I, products, at + L);
          FloatVector zero = FloatVector.broadcast(S, zeros[g]);
          FloatVector factor = FloatVector.broadcast(S, factors[g]);
          s0 =
              ((FloatVector)
                      p0.and(0xFFFF)
                          .add(p0.lanewise(VectorOperators.ASHR, 16))
                          .convert(VectorOperators.I2F, 0))
                  .sub(zero)
                  .fma(
                      ((FloatVector) v0.and(0xFF).convert(VectorOperators.I2F, 0))
                          .sub(128)
                          .mul(scale0)
                          .mul(factor),
                      s0);
          v0 = v0.lanewise(VectorOperators.LSHR, 8);
          s1 =
              ((FloatVector)
                      p1.and(0xFFFF)
                          .add(p1.lanewise(VectorOperators.ASHR, 16))
                          .convert(VectorOperators.I2F, 0))
                  .sub(zero)
                  .fma(
                      ((FloatVector) v1.and(0xFF).convert(VectorOperators.I2F, 0))
                          .sub(128)
                          .mul(scale1)
                          .mul(factor),
                      s1);
          v1 = v1.lanewise(VectorOperators.LSHR, 8);
          at += stride;
          g++;
        }
      }
    }
    s0.intoArray(out, outAt);
    s1.intoArray(out, outAt + L);
  }
}
