package gpt.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link CpuKernels#quantizedMatmul} on the Vector API. As in {@link VectorQ4} the products of a
 * group are computed and summed in 16-bit lanes modulo 2¹⁶, two lanes for each column; codes of more
 * than 4 bits are two planes, each with products of its own. Four panels are read as four streams;
 * 32 steps over k of them stay in the L1 cache for all rows. As in {@link VectorMatmul} no method
 * takes or returns a vector.
 */
final class VectorQuantized {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int L = S.length(); // lanes: floats of a vector
  private static final int BITS = S.vectorBitSize();
  private static final VectorSpecies<Integer> I =
      VectorSpecies.of(int.class, VectorShape.forBitSize(BITS));
  private static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(short.class, VectorShape.forBitSize(BITS));
  private static final VectorSpecies<Short> HALF =
      VectorSpecies.of(short.class, VectorShape.forBitSize(BITS / 2));
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private static final int WIDTH = VectorMatmul.WIDTH;
  private static final int CHUNK = QuantizedPanel.CHUNK;

  /** Bytes of a vector. */
  private static final long VECTOR = 4L * L;

  /** Bytes of a word of each column. */
  private static final long STEP = 4L * WIDTH;

  /** Columns of four panels. */
  private static final int COLUMNS = CpuKernels.STREAMS * WIDTH;

  /** Groups of a block at most. */
  private static final int MAX_GROUPS = 16;

  /** Groups of a chunk at most. */
  private static final int CHUNK_GROUPS = 2;

  /** Shift of an f16's mantissa and exponent to a float's. */
  private static final int TO_FLOAT = 13;

  private final float[] blockScales = new float[2 * WIDTH]; // scales, then minima
  private final float[] scales = new float[MAX_GROUPS * COLUMNS]; // (group, column)
  private final float[] corrections = new float[MAX_GROUPS * COLUMNS];
  private final int[] lower = new int[CHUNK_GROUPS * COLUMNS]; // pairs of 16-bit sums
  private final int[] upper = new int[CHUNK_GROUPS * COLUMNS];
  private float[] sums = {}; // (row, column)

  /** Kernels with buffers for one thread. */
  VectorQuantized() {}

  /** {@link CpuKernels#quantizedMatmul}. */
  void matmul(
      QuantizedPanel form,
      PlaneRows x,
      int from,
      int rows,
      MemorySegment w,
      long wAt,
      long panelBytes,
      int columns,
      float[] out,
      int outAt,
      int outStride) {
    if (sums.length < rows * COLUMNS) {
      sums = new float[rows * COLUMNS];
    }
    for (int n = 0; n < columns; n += COLUMNS) {
      int count = Math.min(COLUMNS, columns - n);
      Arrays.fill(sums, 0, rows * COLUMNS, 0);
      fourPanels(form, x, from, rows, w, wAt + n / WIDTH * panelBytes, panelBytes, count);
      for (int m = 0; m < rows; m++) {
        System.arraycopy(sums, m * COLUMNS, out, outAt + m * outStride + n, count);
      }
    }
  }

  /** Products with up to four panels; a stream without a panel reads the first one. */
  private void fourPanels(
      QuantizedPanel form,
      PlaneRows x,
      int from,
      int rows,
      MemorySegment w,
      long panel,
      long panelBytes,
      int columns) {
    int block = form.type().block();
    int group = form.type().group();
    int panels = PackedMatrix.panels(columns, WIDTH);
    long b = panels > 1 ? panelBytes : 0;
    long c = panels > 2 ? 2 * panelBytes : 0;
    long d = panels > 3 ? 3 * panelBytes : 0;
    for (int i = 0; i < x.k(); i += block) {
      for (int p = 0; p < panels; p++) {
        scales(form, w, panel + p * panelBytes, p * WIDTH);
      }
      long codes = panel + form.headerBytes();
      for (int e = 0; e < block; e += CHUNK) {
        for (int m = 0; m < rows; m++) {
          chunk(form, x, from + m, i + e, w, codes, b, c, d);
          for (int g = 0; g < CHUNK / group; g++) {
            add(form, x, from + m, i + e + g * group, g, e / group + g, m * COLUMNS);
          }
        }
        codes += form.chunkBytes();
      }
      panel += form.blockBytes();
    }
  }

  /** Products of a row with the 32 codes from step {@code first} on, of each group. */
  private void chunk(
      QuantizedPanel form,
      PlaneRows x,
      int row,
      int first,
      MemorySegment w,
      long at,
      long b,
      long c,
      long d) {
    int from = (row * x.k() + first) / 2;
    int groups = CHUNK / form.type().group();
    int words = CHUNK / 2 / groups;
    int low = form.low();
    int high = form.high();
    for (int g = 0; g < groups; g++) {
      long lowAt = at + g * (low / 2) * STEP;
      plane(w, lowAt, b, c, d, low, x.words(low), from + g * words, words, lower, g * COLUMNS);
      if (high > 0) {
        long highAt = at + low * STEP + g * (high / 2) * STEP;
        plane(w, highAt, b, c, d, high, x.words(high), from + g * words, words, upper, g * COLUMNS);
      }
    }
  }

  /** Products of words of {@code bits} a step with {@code count} pairs of factors. */
  private static void plane(
      MemorySegment w,
      long at,
      long b,
      long c,
      long d,
      int bits,
      int[] factors,
      int first,
      int count,
      int[] products,
      int to) {
    ShortVector a0 = ShortVector.zero(SHORTS);
    ShortVector a1 = a0;
    ShortVector b0 = a0;
    ShortVector b1 = a0;
    ShortVector c0 = a0;
    ShortVector c1 = a0;
    ShortVector d0 = a0;
    ShortVector d1 = a0;
    for (int i = 0; i < count; i += 4) {
      ShortVector x0 = IntVector.broadcast(I, factors[first + i]).reinterpretAsShorts();
      ShortVector x1 = IntVector.broadcast(I, factors[first + i + 1]).reinterpretAsShorts();
      ShortVector x2 = IntVector.broadcast(I, factors[first + i + 2]).reinterpretAsShorts();
      ShortVector x3 = IntVector.broadcast(I, factors[first + i + 3]).reinterpretAsShorts();
      long from = at + (i * bits >> 4) * STEP;
      int shift = i * bits & 15;
      IntVector v;
      v = IntVector.fromMemorySegment(I, w, from, ORDER).lanewise(VectorOperators.LSHR, shift);
      a0 = a0.add(v.reinterpretAsShorts().mul(x0));
      v = v.lanewise(VectorOperators.LSHR, bits);
      a0 = a0.add(v.reinterpretAsShorts().mul(x1));
      v = v.lanewise(VectorOperators.LSHR, bits);
      a0 = a0.add(v.reinterpretAsShorts().mul(x2));
      v = v.lanewise(VectorOperators.LSHR, bits);
      a0 = a0.add(v.reinterpretAsShorts().mul(x3));
      v = IntVector.fromMemorySegment(I, w, from + VECTOR, ORDER).lanewise(VectorOperators.LSHR, shift);
      a1 = a1.add(v.reinterpretAsShorts().mul(x0));
      v = v.lanewise(VectorOperators.LSHR, bits);
      a1 = a1.add(v.reinterpretAsShorts().mul(x1));
      v = v.lanewise(VectorOperators.LSHR, bits);
      a1 = a1.add(v.reinterpretAsShorts().mul(x2));
      v = v.lanewise(VectorOperators.LSHR, bits);
      a1 = a1.add(v.reinterpretAsShorts().mul(x3));
      v = IntVector.fromMemorySegment(I, w, from + b, ORDER).lanewise(VectorOperators.LSHR, shift);
      b0 = b0.add(v.reinterpretAsShorts().mul(x0));
      v = v.lanewise(VectorOperators.LSHR, bits);
      b0 = b0.add(v.reinterpretAsShorts().mul(x1));
      v = v.lanewise(VectorOperators.LSHR, bits);
      b0 = b0.add(v.reinterpretAsShorts().mul(x2));
      v = v.lanewise(VectorOperators.LSHR, bits);
      b0 = b0.add(v.reinterpretAsShorts().mul(x3));
      v = IntVector.fromMemorySegment(I, w, from + b + VECTOR, ORDER).lanewise(VectorOperators.LSHR, shift);
      b1 = b1.add(v.reinterpretAsShorts().mul(x0));
      v = v.lanewise(VectorOperators.LSHR, bits);
      b1 = b1.add(v.reinterpretAsShorts().mul(x1));
      v = v.lanewise(VectorOperators.LSHR, bits);
      b1 = b1.add(v.reinterpretAsShorts().mul(x2));
      v = v.lanewise(VectorOperators.LSHR, bits);
      b1 = b1.add(v.reinterpretAsShorts().mul(x3));
      v = IntVector.fromMemorySegment(I, w, from + c, ORDER).lanewise(VectorOperators.LSHR, shift);
      c0 = c0.add(v.reinterpretAsShorts().mul(x0));
      v = v.lanewise(VectorOperators.LSHR, bits);
      c0 = c0.add(v.reinterpretAsShorts().mul(x1));
      v = v.lanewise(VectorOperators.LSHR, bits);
      c0 = c0.add(v.reinterpretAsShorts().mul(x2));
      v = v.lanewise(VectorOperators.LSHR, bits);
      c0 = c0.add(v.reinterpretAsShorts().mul(x3));
      v = IntVector.fromMemorySegment(I, w, from + c + VECTOR, ORDER).lanewise(VectorOperators.LSHR, shift);
      c1 = c1.add(v.reinterpretAsShorts().mul(x0));
      v = v.lanewise(VectorOperators.LSHR, bits);
      c1 = c1.add(v.reinterpretAsShorts().mul(x1));
      v = v.lanewise(VectorOperators.LSHR, bits);
      c1 = c1.add(v.reinterpretAsShorts().mul(x2));
      v = v.lanewise(VectorOperators.LSHR, bits);
      c1 = c1.add(v.reinterpretAsShorts().mul(x3));
      v = IntVector.fromMemorySegment(I, w, from + d, ORDER).lanewise(VectorOperators.LSHR, shift);
      d0 = d0.add(v.reinterpretAsShorts().mul(x0));
      v = v.lanewise(VectorOperators.LSHR, bits);
      d0 = d0.add(v.reinterpretAsShorts().mul(x1));
      v = v.lanewise(VectorOperators.LSHR, bits);
      d0 = d0.add(v.reinterpretAsShorts().mul(x2));
      v = v.lanewise(VectorOperators.LSHR, bits);
      d0 = d0.add(v.reinterpretAsShorts().mul(x3));
      v = IntVector.fromMemorySegment(I, w, from + d + VECTOR, ORDER).lanewise(VectorOperators.LSHR, shift);
      d1 = d1.add(v.reinterpretAsShorts().mul(x0));
      v = v.lanewise(VectorOperators.LSHR, bits);
      d1 = d1.add(v.reinterpretAsShorts().mul(x1));
      v = v.lanewise(VectorOperators.LSHR, bits);
      d1 = d1.add(v.reinterpretAsShorts().mul(x2));
      v = v.lanewise(VectorOperators.LSHR, bits);
      d1 = d1.add(v.reinterpretAsShorts().mul(x3));
    }
    a0.reinterpretAsInts().intoArray(products, to);
    a1.reinterpretAsInts().intoArray(products, to + L);
    b0.reinterpretAsInts().intoArray(products, to + 2 * L);
    b1.reinterpretAsInts().intoArray(products, to + 3 * L);
    c0.reinterpretAsInts().intoArray(products, to + 4 * L);
    c1.reinterpretAsInts().intoArray(products, to + 5 * L);
    d0.reinterpretAsInts().intoArray(products, to + 6 * L);
    d1.reinterpretAsInts().intoArray(products, to + 7 * L);
  }

  /** Adds the products of a group of the chunk, times scales, to a row's sums. */
  private void add(
      QuantizedPanel form, PlaneRows x, int row, int first, int inChunk, int inBlock, int to) {
    int group = first / form.type().group();
    int total = x.total(row, group);
    int lowCenter = form.low() == 4 ? total << 19 : 0;
    int highCenter = form.high() == 4 ? total << 19 : 0;
    float scale = x.scale(row, first / CHUNK);
    float sum = x.sum(row, group);
    boolean planes = form.high() > 0;
    boolean corrected = form.hasCorrection();
    int products = inChunk * COLUMNS;
    int factors = inBlock * COLUMNS;
    for (int i = 0; i < COLUMNS; i += L) {
      IntVector v = IntVector.fromArray(I, lower, products + i);
      v =
          v.lanewise(VectorOperators.LSHL, 16)
              .add(v)
              .sub(lowCenter)
              .lanewise(VectorOperators.ASHR, 16);
      if (planes) {
        IntVector u = IntVector.fromArray(I, upper, products + i);
        v =
            u.lanewise(VectorOperators.LSHL, 16)
                .add(u)
                .sub(highCenter)
                .lanewise(VectorOperators.ASHR, 16)
                .lanewise(VectorOperators.LSHL, 4)
                .add(v);
      }
      FloatVector s =
          ((FloatVector) v.convert(VectorOperators.I2F, 0))
              .fma(
                  FloatVector.fromArray(S, scales, factors + i).mul(scale),
                  FloatVector.fromArray(S, sums, to + i));
      if (corrected) {
        s = FloatVector.fromArray(S, corrections, factors + i).lanewise(VectorOperators.FMA, sum, s);
      }
      s.intoArray(sums, to + i);
    }
  }

  /** Scales and corrections of each group of a panel's block. */
  private void scales(QuantizedPanel form, MemorySegment w, long block, int to) {
    boolean minimum = form.type().hasMinimum();
    int bits = form.factorBits();
    float[] scales = bits == 0 ? this.scales : blockScales;
    float[] minima = bits == 0 ? corrections : blockScales;
    int at = bits == 0 ? to : 0;
    int minimaAt = bits == 0 ? to : WIDTH;
    if (minimum) {
      for (int h = 0; h < WIDTH; h += L) {
        IntVector pair = IntVector.fromMemorySegment(I, w, block + 4L * h, ORDER);
        pair.lanewise(VectorOperators.LSHL, 16)
            .lanewise(VectorOperators.ASHR, 16 - TO_FLOAT)
            .and(VectorReducedPrecision.F16_BITS)
            .reinterpretAsFloats()
            .mul(VectorReducedPrecision.F16_FACTOR)
            .intoArray(scales, at + h);
        pair.lanewise(VectorOperators.ASHR, 16 - TO_FLOAT)
            .and(VectorReducedPrecision.F16_BITS)
            .reinterpretAsFloats()
            .mul(VectorReducedPrecision.F16_FACTOR)
            .intoArray(minima, minimaAt + h);
      }
    } else {
      for (int h = 0; h < WIDTH; h += L) {
        ((IntVector)
                ShortVector.fromMemorySegment(HALF, w, block + 2L * h, ORDER)
                    .convertShape(VectorOperators.S2I, I, 0))
            .lanewise(VectorOperators.LSHL, TO_FLOAT)
            .and(VectorReducedPrecision.F16_BITS)
            .reinterpretAsFloats()
            .mul(VectorReducedPrecision.F16_FACTOR)
            .intoArray(scales, at + h);
      }
    }
    if (bits > 0 && minimum) {
      factors(w, block + form.scaleBytes(), bits, to);
    } else if (bits > 0) {
      signedFactors(w, block + form.scaleBytes(), bits, to);
    }
    if (form.hasCorrection()) {
      corrections(form, minimum, to);
    }
  }

  /** Makes corrections of minima. */
  private void corrections(QuantizedPanel form, boolean minimum, int to) {
    int groups = form.type().block() / form.type().group();
    for (int g = 0; g < groups; g++) {
      for (int i = to + g * COLUMNS; i < to + g * COLUMNS + WIDTH; i += L) {
        FloatVector scale = FloatVector.fromArray(S, scales, i);
        FloatVector m =
            minimum ? FloatVector.fromArray(S, corrections, i) : scale.mul(-form.type().offset());
        scale.lanewise(VectorOperators.FMA, form.center(), m).intoArray(corrections, i);
      }
    }
  }

  /** Scales and minima: the block's times the groups' factors. */
  private void factors(MemorySegment w, long at, int bits, int to) {
    int half = bits / 2;
    int mask = (1 << half) - 1;
    for (int h = 0; h < WIDTH; h += L) {
      FloatVector scale = FloatVector.fromArray(S, blockScales, h);
      FloatVector minimum = FloatVector.fromArray(S, blockScales, WIDTH + h);
      int i = to + h;
      for (int word = 0; word < QuantizedPanel.FACTOR_WORDS; word++) {
        IntVector v = IntVector.fromMemorySegment(I, w, at + STEP * word + 4L * h, ORDER);
        for (int j = 0; j < 32; j += bits) {
          ((FloatVector) v.and(mask).convert(VectorOperators.I2F, 0))
              .mul(scale)
              .intoArray(scales, i);
          v = v.lanewise(VectorOperators.LSHR, half);
          ((FloatVector) v.and(mask).convert(VectorOperators.I2F, 0))
              .mul(minimum)
              .intoArray(corrections, i);
          v = v.lanewise(VectorOperators.LSHR, half);
          i += COLUMNS;
        }
      }
    }
  }

  /** Scales: the block's times the groups' factors of 8 bits with a sign. */
  private void signedFactors(MemorySegment w, long at, int bits, int to) {
    for (int h = 0; h < WIDTH; h += L) {
      FloatVector scale = FloatVector.fromArray(S, blockScales, h);
      int i = to + h;
      for (int word = 0; word < QuantizedPanel.FACTOR_WORDS; word++) {
        IntVector v = IntVector.fromMemorySegment(I, w, at + STEP * word + 4L * h, ORDER);
        for (int j = 0; j < 32; j += bits) {
          IntVector factor =
              v.lanewise(VectorOperators.LSHL, 32 - bits)
                  .lanewise(VectorOperators.ASHR, 32 - bits);
          ((FloatVector) factor.convert(VectorOperators.I2F, 0)).mul(scale).intoArray(scales, i);
          v = v.lanewise(VectorOperators.LSHR, bits);
          i += COLUMNS;
        }
      }
    }
  }
}
