package gpt.backend.cpu;

import gpt.model.DType;
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
 * Products with {@link QuantizedPanel} on the Vector API. Codes are widened to floats, the same
 * floats as in a matrix of f32, and multiplied as these are: each element of a product is s =
 * fma(w, x, s) from 0 over ascending k, so it has the bits of {@link VectorMatmul}'s. One row reads
 * four panels; of each, 32 steps over k are widened into a buffer that stays in the L1 cache. As in
 * {@link VectorMatmul} no method takes or returns a vector.
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

  /** Steps of a word of 4 bits a step; loops are unrolled to so many. */
  private static final int OCTET = 8;

  /** Groups of a block at most. */
  private static final int MAX_GROUPS = 16;

  /** Bytes of a step over k in a panel of floats. */
  private static final long STEP = 4L * WIDTH;

  /** Bytes of a widened chunk. */
  private static final long CHUNK_BYTES = CHUNK * STEP;

  /** Floats that {@link #row} needs as scratch. */
  static final int SCRATCH = CpuKernels.STREAMS * CHUNK * WIDTH;

  private static final int F16_MAGNITUDE = 0x7FFF;
  private static final int F16_SIGN = 0x8000;

  /** Shift of an f16's mantissa and exponent to a float's. */
  private static final int TO_FLOAT = 13;

  /** Difference of the exponents' biases, in a float's bits. */
  private static final int BIAS = 112 << 23;

  /** Smallest normal f16, and its exponent as a float. */
  private static final float MIN_NORMAL = 0x1p-14f;

  private static final int MIN_NORMAL_BITS = 113 << 23;

  private final int[] halves = new int[2 * WIDTH];
  private final float[] blockScales = new float[2 * WIDTH]; // scales, then minima
  private final float[] scales = new float[CpuKernels.STREAMS * MAX_GROUPS * WIDTH];
  private final float[] minima = new float[scales.length];
  private final float[] sums = new float[CpuKernels.STREAMS * WIDTH];

  /** Kernels with buffers for one thread. */
  VectorQuantized() {}

  /** {@link CpuKernels#widen(QuantizedPanel, MemorySegment, long, int, MemorySegment)}. */
  void widen(QuantizedPanel form, MemorySegment w, long panel, int k, MemorySegment out) {
    DType type = form.type();
    long to = 0;
    long end = panel + form.bytes(k);
    for (long block = panel; block < end; block += form.blockBytes()) {
      scales(form, w, block, 0);
      long codes = block + form.headerBytes();
      for (int e = 0; e < type.block(); e += CHUNK) {
        chunk(form, w, codes, e / type.group() * WIDTH, out, to);
        codes += form.chunkBytes();
        to += CHUNK_BYTES;
      }
    }
  }

  /** {@link CpuKernels#quantizedMatmul} of one row. */
  void row(
      QuantizedPanel form,
      float[] x,
      int xAt,
      MemorySegment w,
      long wAt,
      long panelBytes,
      int k,
      int columns,
      float[] out,
      int outAt,
      MemorySegment scratch) {
    int block = form.type().block();
    int groups = block / form.type().group();
    for (int n = 0; n < columns; n += CpuKernels.STREAMS * WIDTH) {
      long first = wAt + n / WIDTH * panelBytes;
      int count = Math.min(CpuKernels.STREAMS * WIDTH, columns - n);
      int panels = PackedMatrix.panels(count, WIDTH);
      Arrays.fill(sums, 0);
      for (int i = 0; i < k; i += block) {
        for (int p = 0; p < panels; p++) {
          scales(form, w, first + p * panelBytes, p * groups * WIDTH);
        }
        long codes = first + form.headerBytes();
        for (int e = 0; e < block; e += CHUNK) {
          int group = e / form.type().group();
          for (int p = 0; p < panels; p++) {
            int at = (p * groups + group) * WIDTH;
            chunk(form, w, codes + p * panelBytes, at, scratch, p * CHUNK_BYTES);
          }
          accumulate(x, xAt + i + e, scratch);
          codes += form.chunkBytes();
        }
        first += form.blockBytes();
      }
      System.arraycopy(sums, 0, out, outAt + n, count);
    }
  }

  /** Scale and minimum of each group of a block, for each column, from {@code to} on. */
  private void scales(QuantizedPanel form, MemorySegment w, long block, int to) {
    boolean minimum = form.type().hasMinimum();
    for (int h = 0; h < WIDTH; h += L) {
      if (minimum) {
        IntVector pair = IntVector.fromMemorySegment(I, w, block + 4L * h, ORDER);
        pair.and(0xFFFF).intoArray(halves, h);
        pair.lanewise(VectorOperators.LSHR, 16).intoArray(halves, WIDTH + h);
      } else {
        ((IntVector)
                ShortVector.fromMemorySegment(HALF, w, block + 2L * h, ORDER)
                    .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0))
            .intoArray(halves, h);
      }
    }
    for (int h = 0; h < (minimum ? 2 * WIDTH : WIDTH); h += L) {
      IntVector half = IntVector.fromArray(I, halves, h);
      IntVector bits = half.and(F16_MAGNITUDE).lanewise(VectorOperators.LSHL, TO_FLOAT);
      FloatVector subnormal = bits.add(MIN_NORMAL_BITS).reinterpretAsFloats().sub(MIN_NORMAL);
      bits.add(BIAS)
          .reinterpretAsFloats()
          .blend(subnormal, bits.compare(VectorOperators.LT, 1 << 23).cast(S))
          .reinterpretAsInts()
          .or(half.and(F16_SIGN).lanewise(VectorOperators.LSHL, 16))
          .reinterpretAsFloats()
          .intoArray(blockScales, h);
    }
    if (form.factorBits() == 0) {
      System.arraycopy(blockScales, 0, scales, to, WIDTH);
      System.arraycopy(blockScales, WIDTH, minima, to, WIDTH);
    } else if (minimum) {
      factors(w, block + form.scaleBytes(), form.factorBits(), to);
    } else {
      signedFactors(w, block + form.scaleBytes(), form.factorBits(), to);
    }
    if (!minimum) {
      int end = to + form.type().block() / form.type().group() * WIDTH;
      for (int i = to; i < end; i += L) {
        FloatVector.fromArray(S, scales, i).mul(-form.type().offset()).intoArray(minima, i);
      }
    }
  }

  /** Factors of scales and minima. */
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
              .intoArray(minima, i);
          v = v.lanewise(VectorOperators.LSHR, half);
          i += WIDTH;
        }
      }
    }
  }

  /** Factors of scales, with a sign. */
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
          i += WIDTH;
        }
      }
    }
  }

  /** Widens the codes of 32 steps at byte {@code at}; the first group's scales are at {@code i}. */
  private void chunk(
      QuantizedPanel form, MemorySegment w, long at, int i, MemorySegment out, long outAt) {
    int low = form.low();
    int high = form.high();
    if (high == 0) {
      for (int octet = 0; octet < CHUNK / OCTET; octet++) {
        int group = i + OCTET * octet / form.type().group() * WIDTH;
        octet(w, at + octet * low / 4 * STEP, OCTET * octet * low & 31, low, group, out, outAt);
        outAt += OCTET * STEP;
      }
      return;
    }
    long upper = at + low * STEP;
    for (int octet = 0; octet < CHUNK / OCTET; octet++) {
      octet(
          w,
          at + octet * low / 4 * STEP,
          OCTET * octet * low & 31,
          low,
          upper + octet * high / 4 * STEP,
          OCTET * octet * high & 31,
          high,
          i + OCTET * octet / form.type().group() * WIDTH,
          out,
          outAt);
      outAt += OCTET * STEP;
    }
  }

  /** Widens 8 steps of codes without upper bits, which begin at bit {@code shift} of their words. */
  private void octet(
      MemorySegment w, long at, int shift, int low, int group, MemorySegment out, long outAt) {
    int mask = (1 << low) - 1;
    for (int h = 0; h < WIDTH; h += L) {
      FloatVector scale = FloatVector.fromArray(S, scales, group + h);
      FloatVector minimum = FloatVector.fromArray(S, minima, group + h);
      IntVector v =
          IntVector.fromMemorySegment(I, w, at + 4L * h, ORDER)
              .lanewise(VectorOperators.LSHR, shift);
      long to = outAt + 4L * h;
      for (int j = 0; j < OCTET; j++) {
        ((FloatVector) v.and(mask).convert(VectorOperators.I2F, 0))
            .fma(scale, minimum)
            .intoMemorySegment(out, to + j * STEP, ORDER);
        v = v.lanewise(VectorOperators.LSHR, low);
      }
    }
  }

  /** The same with upper bits. */
  private void octet(
      MemorySegment w,
      long at,
      int shift,
      int low,
      long upper,
      int upperShift,
      int high,
      int group,
      MemorySegment out,
      long outAt) {
    int mask = (1 << low) - 1;
    int upperMask = (1 << high) - 1 << low;
    for (int h = 0; h < WIDTH; h += L) {
      FloatVector scale = FloatVector.fromArray(S, scales, group + h);
      FloatVector minimum = FloatVector.fromArray(S, minima, group + h);
      IntVector v =
          IntVector.fromMemorySegment(I, w, at + 4L * h, ORDER)
              .lanewise(VectorOperators.LSHR, shift);
      IntVector u =
          IntVector.fromMemorySegment(I, w, upper + 4L * h, ORDER)
              .lanewise(VectorOperators.LSHR, upperShift)
              .lanewise(VectorOperators.LSHL, low);
      long to = outAt + 4L * h;
      for (int j = 0; j < OCTET; j++) {
        ((FloatVector) v.and(mask).or(u.and(upperMask)).convert(VectorOperators.I2F, 0))
            .fma(scale, minimum)
            .intoMemorySegment(out, to + j * STEP, ORDER);
        v = v.lanewise(VectorOperators.LSHR, low);
        u = u.lanewise(VectorOperators.LSHR, high);
      }
    }
  }

  /** sums += w · x over the 32 steps of four panels in {@code w}. */
  private void accumulate(float[] x, int xAt, MemorySegment w) {
    FloatVector a0 = FloatVector.fromArray(S, sums, 0);
    FloatVector a1 = FloatVector.fromArray(S, sums, L);
    FloatVector b0 = FloatVector.fromArray(S, sums, 2 * L);
    FloatVector b1 = FloatVector.fromArray(S, sums, 3 * L);
    FloatVector c0 = FloatVector.fromArray(S, sums, 4 * L);
    FloatVector c1 = FloatVector.fromArray(S, sums, 5 * L);
    FloatVector d0 = FloatVector.fromArray(S, sums, 6 * L);
    FloatVector d1 = FloatVector.fromArray(S, sums, 7 * L);
    long at = 0;
    for (int i = xAt; i < xAt + CHUNK; i++) {
      FloatVector v = FloatVector.broadcast(S, x[i]);
      a0 = FloatVector.fromMemorySegment(S, w, at, ORDER).fma(v, a0);
      a1 = FloatVector.fromMemorySegment(S, w, at + STEP / 2, ORDER).fma(v, a1);
      b0 = FloatVector.fromMemorySegment(S, w, at + CHUNK_BYTES, ORDER).fma(v, b0);
      b1 = FloatVector.fromMemorySegment(S, w, at + CHUNK_BYTES + STEP / 2, ORDER).fma(v, b1);
      c0 = FloatVector.fromMemorySegment(S, w, at + 2 * CHUNK_BYTES, ORDER).fma(v, c0);
      c1 = FloatVector.fromMemorySegment(S, w, at + 2 * CHUNK_BYTES + STEP / 2, ORDER).fma(v, c1);
      d0 = FloatVector.fromMemorySegment(S, w, at + 3 * CHUNK_BYTES, ORDER).fma(v, d0);
      d1 = FloatVector.fromMemorySegment(S, w, at + 3 * CHUNK_BYTES + STEP / 2, ORDER).fma(v, d1);
      at += STEP;
    }
    a0.intoArray(sums, 0);
    a1.intoArray(sums, L);
    b0.intoArray(sums, 2 * L);
    b1.intoArray(sums, 3 * L);
    c0.intoArray(sums, 4 * L);
    c1.intoArray(sums, 5 * L);
    d0.intoArray(sums, 6 * L);
    d1.intoArray(sums, 7 * L);
  }
}
