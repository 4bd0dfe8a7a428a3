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
 * Scales and minima of a panel of quantized blocks for {@link VectorQuantizedTiles}, and sums of
 * products scaled by them. Unpacked ones are f16 bits as floats, and what they are multiplied by is
 * {@link #UNIT} times as large.
 */
final class VectorScales {
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

  private final float[] blockScales = new float[WIDTH];
  private final float[] blockMinima = new float[WIDTH];
  private final float[] scales; // (group, column)
  private final float[] minima;

  /** Room for the groups of this many steps over k. */
  VectorScales(int steps) {
    scales = new float[steps / 16 * WIDTH];
    minima = new float[steps / 16 * WIDTH];
  }

  /** Unpacks the scales of {@code steps} steps of a panel from byte {@code at} on. */
  void unpack(QuantizedPanel form, MemorySegment w, long at, int steps) {
    int bits = form.factorBits();
    boolean minimum = form.type().hasMinimum();
    if (bits == 0 && minimum) {
      pairs(w, at, form.blockBytes(), steps / form.type().block(), scales, minima);
    } else if (bits == 0) {
      singles(w, at, form.blockBytes(), steps / form.type().block(), scales);
    }
    int to = 0;
    for (int e = 0; bits > 0 && e < steps; e += form.type().block()) {
      if (minimum) {
        pairs(w, at, 0, 1, blockScales, blockMinima);
        factors(w, at + form.scaleBytes(), bits, to);
      } else {
        singles(w, at, 0, 1, blockScales);
        signedFactors(w, at + form.scaleBytes(), bits, to);
      }
      at += form.blockBytes();
      to += form.type().block() / form.type().group() * WIDTH;
    }
  }

  /**
   * Adds the scaled products of a row with a panel's groups to {@code out}.
   *
   * @param first the first group
   * @param products of the first group from {@code at} on, the next one's {@code stride} later
   */
  void add(
      QuantizedRows x,
      int row,
      int first,
      int groups,
      boolean minimum,
      float[] products,
      int at,
      int stride,
      float[] out,
      int outAt) {
    float[] scales = this.scales;
    float[] minima = this.minima;
    float[] factors = x.scales();
    float[] sums = x.sums();
    int from = row * x.groups() + first;
    int end = from + groups;
    int i = 0;
    FloatVector s0 = FloatVector.fromArray(S, out, outAt);
    FloatVector s1 = FloatVector.fromArray(S, out, outAt + L);
    for (int g = from; g < end; g++) {
      FloatVector factor = FloatVector.broadcast(S, factors[g] * UNIT);
      s0 =
          FloatVector.fromArray(S, products, at)
              .fma(FloatVector.fromArray(S, scales, i).mul(factor), s0);
      s1 =
          FloatVector.fromArray(S, products, at + L)
              .fma(FloatVector.fromArray(S, scales, i + L).mul(factor), s1);
      if (minimum) {
        FloatVector sum = FloatVector.broadcast(S, sums[g] * UNIT);
        s0 = FloatVector.fromArray(S, minima, i).fma(sum, s0);
        s1 = FloatVector.fromArray(S, minima, i + L).fma(sum, s1);
      }
      at += stride;
      i += WIDTH;
    }
    s0.intoArray(out, outAt);
    s1.intoArray(out, outAt + L);
  }

  /** Converts the scales of blocks. */
  private static void singles(
      MemorySegment w, long at, long blockBytes, int blocks, float[] scales) {
    for (int e = 0; e < blocks; e++) {
      ((IntVector)
              ShortVector.fromMemorySegment(HALF, w, at, ORDER)
                  .convertShape(VectorOperators.S2I, I, 0))
          .lanewise(VectorOperators.LSHL, TO_FLOAT)
          .and(VectorReducedPrecision.F16_BITS)
          .reinterpretAsFloats()
          .intoArray(scales, e * WIDTH);
      ((IntVector)
              ShortVector.fromMemorySegment(HALF, w, at + 2L * L, ORDER)
                  .convertShape(VectorOperators.S2I, I, 0))
          .lanewise(VectorOperators.LSHL, TO_FLOAT)
          .and(VectorReducedPrecision.F16_BITS)
          .reinterpretAsFloats()
          .intoArray(scales, e * WIDTH + L);
      at += blockBytes;
    }
  }

  /** Converts the scales and minima of blocks. */
  private static void pairs(
      MemorySegment w, long at, long blockBytes, int blocks, float[] scales, float[] minima) {
    for (int e = 0; e < blocks; e++) {
      for (int h = 0; h < WIDTH; h += L) {
        IntVector pair = IntVector.fromMemorySegment(I, w, at + 4L * h, ORDER);
        pair.lanewise(VectorOperators.LSHL, 16)
            .lanewise(VectorOperators.ASHR, 16 - TO_FLOAT)
            .and(VectorReducedPrecision.F16_BITS)
            .reinterpretAsFloats()
            .intoArray(scales, e * WIDTH + h);
        pair.lanewise(VectorOperators.ASHR, 16 - TO_FLOAT)
            .and(VectorReducedPrecision.F16_BITS)
            .reinterpretAsFloats()
            .intoArray(minima, e * WIDTH + h);
      }
      at += blockBytes;
    }
  }

  /** Scales and minima of a block's groups: the block's times the groups' factors. */
  private void factors(MemorySegment w, long at, int bits, int to) {
    int half = bits / 2;
    int mask = (1 << half) - 1;
    for (int h = 0; h < WIDTH; h += L) {
      FloatVector scale = FloatVector.fromArray(S, blockScales, h);
      FloatVector minimum = FloatVector.fromArray(S, blockMinima, h);
      int i = to + h;
      for (int word = 0; word < QuantizedPanel.FACTOR_WORDS; word++) {
        IntVector v = IntVector.fromMemorySegment(I, w, at + 4L * WIDTH * word + 4L * h, ORDER);
        for (int j = 0; j < 32; j += bits) {
          ((FloatVector) v.and(mask).convert(VectorOperators.I2F, 0))
              .mul(scale)
              .intoArray(scales, i);
          v = v.lanewise(VectorOperators.LSHR, half);
          ((FloatVector) v.and(mask).convert(VectorOperators.I2F, 0))
              .mul(minimum)
              .intoArray(minima, i);
          v = v.lanewise(VectorOperators.LSHR, half);
          i += WIDTH;
        }
      }
    }
  }

  /** Scales of a block's groups: the block's times the groups' factors of 8 bits with a sign. */
  private void signedFactors(MemorySegment w, long at, int bits, int to) {
    for (int h = 0; h < WIDTH; h += L) {
      FloatVector scale = FloatVector.fromArray(S, blockScales, h);
      int i = to + h;
      for (int word = 0; word < QuantizedPanel.FACTOR_WORDS; word++) {
        IntVector v = IntVector.fromMemorySegment(I, w, at + 4L * WIDTH * word + 4L * h, ORDER);
        for (int j = 0; j < 32; j += bits) {
          IntVector factor =
              v.lanewise(VectorOperators.LSHL, 32 - bits).lanewise(VectorOperators.ASHR, 32 - bits);
          ((FloatVector) factor.convert(VectorOperators.I2F, 0)).mul(scale).intoArray(scales, i);
          v = v.lanewise(VectorOperators.LSHR, bits);
          i += WIDTH;
        }
      }
    }
  }
}
