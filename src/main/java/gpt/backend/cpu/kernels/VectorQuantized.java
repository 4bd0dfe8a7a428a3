package gpt.backend.cpu.kernels;

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
 * {@link CpuKernels#quantizedMatmul} on the Vector API. {@link VectorPlanes} computes the products
 * of a group, as integers; codes of more than 4 bits are two planes, each with products of its own.
 * Up to 256 steps over k of four panels stay in the L1 cache for all rows. As in {@link
 * VectorMatmul} no method takes or returns a vector.
 */
final class VectorQuantized {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int L = S.length(); // lanes: floats of a vector
  private static final int BITS = S.vectorBitSize();
  private static final VectorSpecies<Integer> I =
      VectorSpecies.of(int.class, VectorShape.forBitSize(BITS));
  private static final VectorSpecies<Short> HALF =
      VectorSpecies.of(short.class, VectorShape.forBitSize(BITS / 2));
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private static final int WIDTH = VectorMatmul.WIDTH;
  private static final int CHUNK = QuantizedPanel.CHUNK;

  /** Bytes of a word of each column. */
  private static final long STEP = 4L * WIDTH;

  /** Columns of four panels. */
  private static final int COLUMNS = CpuKernels.STREAMS * WIDTH;

  /** Steps over k of one pass: a block of a K-quant, or several blocks. */
  private static final int SPAN = 256;

  /** Groups of a span at most. */
  private static final int MAX_GROUPS = SPAN / 16;

  /** Shift of an f16's mantissa and exponent to a float's. */
  private static final int TO_FLOAT = 13;

  private final float[] blockScales = new float[WIDTH];
  private final float[] blockMinima = new float[WIDTH];
  private final float[] scales = new float[MAX_GROUPS * COLUMNS]; // (group, column)
  private final float[] minima = new float[MAX_GROUPS * COLUMNS];
  private final int[] lower = new int[MAX_GROUPS * COLUMNS]; // pairs of 16-bit sums
  private final int[] upper = new int[MAX_GROUPS * COLUMNS];
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
    int panels = Math.ceilDiv(columns, WIDTH);
    long b = panels > 1 ? panelBytes : 0;
    long c = panels > 2 ? 2 * panelBytes : 0;
    long d = panels > 3 ? 3 * panelBytes : 0;
    for (int i = 0; i < x.k(); i += SPAN) {
      int steps = Math.min(SPAN, x.k() - i);
      for (int p = 0; p < panels; p++) {
        scales(form, w, panel + p * panelBytes, steps, p * WIDTH);
      }
      for (int m = 0; m < rows; m++) {
        planes(form, x, from + m, i, steps, w, panel + form.headerBytes(), b, c, d);
        add(form, x, from + m, i, steps, m * COLUMNS);
      }
      panel += steps / block * form.blockBytes();
    }
  }

  /** Products of a row with the codes of a span, of each group. */
  private void planes(
      QuantizedPanel form,
      PlaneRows x,
      int row,
      int i,
      int steps,
      MemorySegment w,
      long at,
      long b,
      long c,
      long d) {
    int from = (row * x.k() + i) / 2;
    int pairs = form.type().group() / 2;
    int groups = steps / form.type().group();
    long stride = form.factorBits() == 0 ? form.blockBytes() : form.chunkBytes();
    int low = form.low();
    int high = form.high();
    if (low == 4) {
      VectorPlanes.fourBits(w, at, b, c, d, stride, x.words(4), from, pairs, groups, lower);
    } else {
      VectorPlanes.anyBits(low, w, at, b, c, d, stride, x.words(low), from, pairs, groups, lower);
    }
    long upperAt = at + low * STEP;
    if (high == 4) {
      VectorPlanes.fourBits(w, upperAt, b, c, d, stride, x.words(4), from, pairs, groups, upper);
    } else if (high > 0) {
      VectorPlanes.anyBits(
          high, w, upperAt, b, c, d, stride, x.words(high), from, pairs, groups, upper);
    }
  }

  /** Adds the products of a span's groups, times scales, to a row's sums. */
  private void add(QuantizedPanel form, PlaneRows x, int row, int first, int steps, int to) {
    int group = form.type().group();
    int lowCenter = form.low() == 4 ? 8 << 16 : 0;
    int highCenter = form.high() == 4 ? 8 << 16 : 0;
    int offset = form.offset();
    boolean planes = form.high() > 0;
    boolean minimum = form.type().hasMinimum();
    int at = 0;
    for (int e = first; e < first + steps; e += group) {
      int total = x.total(row, e / group);
      int low = lowCenter * total;
      int high = highCenter * total;
      int rest = offset * total;
      float scale = x.scale(row, e / CHUNK);
      float sum = x.sum(row, e / group);
      for (int i = 0; i < COLUMNS; i += L) {
        IntVector v = IntVector.fromArray(I, lower, at + i);
        v = v.lanewise(VectorOperators.LSHL, 16).add(v).sub(low).lanewise(VectorOperators.ASHR, 16);
        if (planes) {
          IntVector u = IntVector.fromArray(I, upper, at + i);
          v =
              u.lanewise(VectorOperators.LSHL, 16)
                  .add(u)
                  .sub(high)
                  .lanewise(VectorOperators.ASHR, 16)
                  .lanewise(VectorOperators.LSHL, 4)
                  .add(v);
        }
        FloatVector s =
            ((FloatVector) v.sub(rest).convert(VectorOperators.I2F, 0))
                .fma(
                    FloatVector.fromArray(S, scales, at + i).mul(scale),
                    FloatVector.fromArray(S, sums, to + i));
        if (minimum) {
          s = FloatVector.fromArray(S, minima, at + i).lanewise(VectorOperators.FMA, sum, s);
        }
        s.intoArray(sums, to + i);
      }
      at += COLUMNS;
    }
  }

  /** Scale and minimum of each group of a panel's span, for each column. */
  private void scales(QuantizedPanel form, MemorySegment w, long at, int steps, int to) {
    int bits = form.factorBits();
    boolean minimum = form.type().hasMinimum();
    float[] scales = bits == 0 ? this.scales : blockScales;
    float[] minima = bits == 0 ? this.minima : blockMinima;
    int i = bits == 0 ? to : 0;
    int blocks = steps / form.type().block();
    if (minimum) {
      pairs(w, at, form.blockBytes(), blocks, scales, minima, i);
    } else {
      singles(w, at, form.blockBytes(), blocks, scales, i);
    }
    if (bits > 0 && minimum) {
      factors(w, at + form.scaleBytes(), bits, to);
    } else if (bits > 0) {
      signedFactors(w, at + form.scaleBytes(), bits, to);
    }
  }

  /** Converts the scales of blocks. */
  private static void singles(
      MemorySegment w, long at, long blockBytes, int blocks, float[] scales, int to) {
    for (int e = 0; e < blocks; e++) {
      ((IntVector)
              ShortVector.fromMemorySegment(HALF, w, at, ORDER)
                  .convertShape(VectorOperators.S2I, I, 0))
          .lanewise(VectorOperators.LSHL, TO_FLOAT)
          .and(VectorReducedPrecision.F16_BITS)
          .reinterpretAsFloats()
          .mul(VectorReducedPrecision.F16_FACTOR)
          .intoArray(scales, to);
      ((IntVector)
              ShortVector.fromMemorySegment(HALF, w, at + 2L * L, ORDER)
                  .convertShape(VectorOperators.S2I, I, 0))
          .lanewise(VectorOperators.LSHL, TO_FLOAT)
          .and(VectorReducedPrecision.F16_BITS)
          .reinterpretAsFloats()
          .mul(VectorReducedPrecision.F16_FACTOR)
          .intoArray(scales, to + L);
      at += blockBytes;
      to += COLUMNS;
    }
  }

  /** Converts the scales and minima of blocks. */
  private static void pairs(
      MemorySegment w,
      long at,
      long blockBytes,
      int blocks,
      float[] scales,
      float[] minima,
      int to) {
    for (int e = 0; e < blocks; e++) {
      for (int h = 0; h < WIDTH; h += L) {
        IntVector pair = IntVector.fromMemorySegment(I, w, at + 4L * h, ORDER);
        pair.lanewise(VectorOperators.LSHL, 16)
            .lanewise(VectorOperators.ASHR, 16 - TO_FLOAT)
            .and(VectorReducedPrecision.F16_BITS)
            .reinterpretAsFloats()
            .mul(VectorReducedPrecision.F16_FACTOR)
            .intoArray(scales, to + h);
        pair.lanewise(VectorOperators.ASHR, 16 - TO_FLOAT)
            .and(VectorReducedPrecision.F16_BITS)
            .reinterpretAsFloats()
            .mul(VectorReducedPrecision.F16_FACTOR)
            .intoArray(minima, to + h);
      }
      at += blockBytes;
      to += COLUMNS;
    }
  }

  /** Scales and minima: the block's times the groups' factors. */
  private void factors(MemorySegment w, long at, int bits, int to) {
    int half = bits / 2;
    int mask = (1 << half) - 1;
    for (int h = 0; h < WIDTH; h += L) {
      FloatVector scale = FloatVector.fromArray(S, blockScales, h);
      FloatVector minimum = FloatVector.fromArray(S, blockMinima, h);
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
              .intoArray(minima, i);
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
              v.lanewise(VectorOperators.LSHL, 32 - bits).lanewise(VectorOperators.ASHR, 32 - bits);
          ((FloatVector) factor.convert(VectorOperators.I2F, 0)).mul(scale).intoArray(scales, i);
          v = v.lanewise(VectorOperators.LSHR, bits);
          i += COLUMNS;
        }
      }
    }
  }
}
