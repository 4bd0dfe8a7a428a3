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
 * {@link CpuKernels#q4Matmul} on the Vector API; {@link VectorQ4Tiles} computes several rows. For
 * one row, which reads four panels as four streams, the products of a block are computed and summed
 * in 16-bit lanes modulo 2¹⁶, two lanes for each column, so an instruction has twice the products
 * of an FMA, and no weight is converted to float. The integers of {@link QuantizedRows} are made so
 * that the words of {@link Q4Panel} are only shifted, not masked. As in {@link VectorMatmul} no
 * method takes or returns a vector.
 */
final class VectorQ4 {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int L = S.length(); // lanes: floats of a vector
  private static final int BITS = S.vectorBitSize();
  private static final VectorSpecies<Integer> I =
      VectorSpecies.of(int.class, VectorShape.forBitSize(BITS));
  private static final VectorSpecies<Short> HALF =
      VectorSpecies.of(short.class, VectorShape.forBitSize(BITS / 2));
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private static final int WIDTH = VectorMatmul.WIDTH;
  private static final int BLOCK = Q4Panel.BLOCK;

  /** Bytes of the scales of a panel's block. */
  private static final long SCALES = 2L * WIDTH;

  /** Bytes of a vector. */
  private static final long VECTOR = 4L * L;

  /** Words of a column in a block. */
  private static final int WORDS = BLOCK / Q4Panel.STEPS;

  /** Bytes of a panel's block. */
  private static final long BLOCK_BYTES = SCALES + 2 * VECTOR * WORDS;

  /** Panels that one row's product reads concurrently. */
  private static final int STREAMS = CpuKernels.STREAMS;

  private int[] products = {}; // (blocks of a row, 2 panels, WIDTH)
  private final float[] sums = new float[STREAMS * WIDTH];
  private final int[] values = new int[BLOCK];
  private final VectorQ4Tiles tiles = new VectorQ4Tiles();

  /** Kernels with buffers for one thread. */
  VectorQ4() {}

  /** {@link CpuKernels#quantize}. */
  void quantize(float[] x, int xAt, QuantizedRows to, int row) {
    for (int b = 0; b < to.blocks(); b++) {
      int from = xAt + b * BLOCK;
      FloatVector maxima = FloatVector.zero(S);
      for (int i = 0; i < BLOCK; i += L) {
        maxima = maxima.max(FloatVector.fromArray(S, x, from + i).abs());
      }
      float max = maxima.reduceLanes(VectorOperators.MAX);
      float inverse = QuantizedRows.inverse(max);
      for (int i = 0; i < BLOCK; i += L) {
        FloatVector.fromArray(S, x, from + i)
            .mul(inverse)
            .add(ReducedPrecision.ROUNDER)
            .reinterpretAsInts()
            .sub(QuantizedRows.ROUNDER_BITS)
            .intoArray(values, i);
      }
      to.set(row, b, max, values);
    }
  }

  /** {@link CpuKernels#q4Matmul}. */
  void matmul(
      QuantizedRows x,
      int from,
      int rows,
      MemorySegment w,
      long wAt,
      long panelBytes,
      int columns,
      float[] out,
      int outAt,
      int outStride) {
    if (rows == 1) {
      if (products.length < x.blocks() * 2 * WIDTH) {
        products = new int[x.blocks() * 2 * WIDTH];
      }
      for (int n = 0; n < columns; n += STREAMS * WIDTH) {
        fourPanels(x, from, w, wAt + n / WIDTH * panelBytes, panelBytes, columns - n);
        System.arraycopy(sums, 0, out, outAt + n, Math.min(STREAMS * WIDTH, columns - n));
      }
      return;
    }
    tiles.matmul(x, from, rows, w, wAt, panelBytes, columns, out, outAt, outStride);
  }

  /** 1 row × up to 4 panels, two by two; a stream without a panel reads the first one. */
  private void fourPanels(
      QuantizedRows x, int row, MemorySegment w, long wAt, long panelBytes, int columns) {
    long b = columns > WIDTH ? panelBytes : 0;
    twoPanels(x, row, w, wAt, wAt + b);
    scaledSums(x, row, 0, w, wAt, 0);
    scaledSums(x, row, WIDTH, w, wAt + b, WIDTH);
    if (columns > 2 * WIDTH) {
      long c = wAt + 2 * panelBytes;
      long d = columns > 3 * WIDTH ? wAt + 3 * panelBytes : wAt;
      twoPanels(x, row, w, c, d);
      scaledSums(x, row, 0, w, c, 2 * WIDTH);
      scaledSums(x, row, WIDTH, w, d, 3 * WIDTH);
    }
  }

  /**
   * Micro-kernel: products = the blocks of a row × those of the panels at bytes {@code at} and
   * {@code b}. C2 does not inline all vector operations of a method of four panels, and allocates
   * the vectors that they return.
   */
  private void twoPanels(QuantizedRows x, int row, MemorySegment w, long at, long b) {
    int[] products = this.products;
    int[] words = x.words();
    int[] offsets = x.offsets();
    int from = row * x.k() / 2;
    int end = from + x.k() / 2;
    int block = row * x.blocks();
    at += SCALES;
    b += SCALES;
    ShortVector a0 = IntVector.broadcast(I, offsets[block]).reinterpretAsShorts();
    ShortVector a1 = a0;
    ShortVector b0 = a0;
    ShortVector b1 = a0;
    int left = WORDS;
    int to = 0;
    for (int i = from; i < end; i += 4) {
      ShortVector x0 = IntVector.broadcast(I, words[i]).reinterpretAsShorts();
      ShortVector x1 = IntVector.broadcast(I, words[i + 1]).reinterpretAsShorts();
      ShortVector x2 = IntVector.broadcast(I, words[i + 2]).reinterpretAsShorts();
      ShortVector x3 = IntVector.broadcast(I, words[i + 3]).reinterpretAsShorts();
      IntVector v = IntVector.fromMemorySegment(I, w, at, ORDER);
      a0 = a0.add(v.reinterpretAsShorts().mul(x0));
      a0 = a0.add(v.lanewise(VectorOperators.LSHR, 4).reinterpretAsShorts().mul(x1));
      a0 = a0.add(v.lanewise(VectorOperators.LSHR, 8).reinterpretAsShorts().mul(x2));
      a0 = a0.add(v.lanewise(VectorOperators.LSHR, 12).reinterpretAsShorts().mul(x3));
      v = IntVector.fromMemorySegment(I, w, at + VECTOR, ORDER);
      a1 = a1.add(v.reinterpretAsShorts().mul(x0));
      a1 = a1.add(v.lanewise(VectorOperators.LSHR, 4).reinterpretAsShorts().mul(x1));
      a1 = a1.add(v.lanewise(VectorOperators.LSHR, 8).reinterpretAsShorts().mul(x2));
      a1 = a1.add(v.lanewise(VectorOperators.LSHR, 12).reinterpretAsShorts().mul(x3));
      v = IntVector.fromMemorySegment(I, w, b, ORDER);
      b0 = b0.add(v.reinterpretAsShorts().mul(x0));
      b0 = b0.add(v.lanewise(VectorOperators.LSHR, 4).reinterpretAsShorts().mul(x1));
      b0 = b0.add(v.lanewise(VectorOperators.LSHR, 8).reinterpretAsShorts().mul(x2));
      b0 = b0.add(v.lanewise(VectorOperators.LSHR, 12).reinterpretAsShorts().mul(x3));
      v = IntVector.fromMemorySegment(I, w, b + VECTOR, ORDER);
      b1 = b1.add(v.reinterpretAsShorts().mul(x0));
      b1 = b1.add(v.lanewise(VectorOperators.LSHR, 4).reinterpretAsShorts().mul(x1));
      b1 = b1.add(v.lanewise(VectorOperators.LSHR, 8).reinterpretAsShorts().mul(x2));
      b1 = b1.add(v.lanewise(VectorOperators.LSHR, 12).reinterpretAsShorts().mul(x3));
      at += 2 * VECTOR;
      b += 2 * VECTOR;
      if (--left == 0) {
        a0.reinterpretAsInts().intoArray(products, to);
        a1.reinterpretAsInts().intoArray(products, to + L);
        b0.reinterpretAsInts().intoArray(products, to + WIDTH);
        b1.reinterpretAsInts().intoArray(products, to + WIDTH + L);
        to += 2 * WIDTH;
        block++;
        a0 = IntVector.broadcast(I, offsets[block]).reinterpretAsShorts();
        a1 = a0;
        b0 = a0;
        b1 = a0;
        at += SCALES;
        b += SCALES;
        left = WORDS;
      }
    }
  }

  /**
   * sums from {@code to} = the sum over blocks of products · (the block's scales · x's scale).
   *
   * @param at of the panel's products of the first block
   * @param panel byte at which the panel begins
   */
  private void scaledSums(QuantizedRows x, int row, int at, MemorySegment w, long panel, int to) {
    int[] products = this.products;
    float[] scales = x.scales();
    int first = row * x.blocks();
    int end = first + x.blocks();
    FloatVector sum0 = FloatVector.zero(S);
    FloatVector sum1 = sum0;
    for (int block = first; block < end; block++) {
      float factor = scales[block] * VectorReducedPrecision.F16_FACTOR;
      FloatVector scale =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, panel, ORDER)
                      .convertShape(VectorOperators.S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 13)
              .and(VectorReducedPrecision.F16_BITS)
              .reinterpretAsFloats();
      IntVector halves = IntVector.fromArray(I, products, at);
      sum0 =
          ((FloatVector)
                  halves
                      .lanewise(VectorOperators.LSHL, 16)
                      .add(halves)
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(scale.mul(factor), sum0);
      scale =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, panel + 2L * L, ORDER)
                      .convertShape(VectorOperators.S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 13)
              .and(VectorReducedPrecision.F16_BITS)
              .reinterpretAsFloats();
      halves = IntVector.fromArray(I, products, at + L);
      sum1 =
          ((FloatVector)
                  halves
                      .lanewise(VectorOperators.LSHL, 16)
                      .add(halves)
                      .lanewise(VectorOperators.ASHR, 16)
                      .convert(VectorOperators.I2F, 0))
              .fma(scale.mul(factor), sum1);
      at += 2 * WIDTH;
      panel += BLOCK_BYTES;
    }
    sum0.intoArray(sums, to);
    sum1.intoArray(sums, to + L);
  }
}
