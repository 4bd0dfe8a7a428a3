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

  private final int[] products = new int[STREAMS * WIDTH];
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
      for (int n = 0; n < columns; n += STREAMS * WIDTH) {
        fourPanels(x, from, w, wAt + n / WIDTH * panelBytes, panelBytes, columns - n);
        System.arraycopy(sums, 0, out, outAt + n, Math.min(STREAMS * WIDTH, columns - n));
      }
      return;
    }
    tiles.matmul(x, from, rows, w, wAt, panelBytes, columns, out, outAt, outStride);
  }

  /** Micro-kernel, 1 row × up to 4 panels; a stream without a panel reads the first one. */
  private void fourPanels(
      QuantizedRows x, int row, MemorySegment w, long wAt, long panelBytes, int columns) {
    int[] products = this.products;
    int[] words = x.words();
    int[] offsets = x.offsets();
    float[] scales = x.scales();
    long b = columns > WIDTH ? panelBytes : 0;
    long c = columns > 2 * WIDTH ? 2 * panelBytes : 0;
    long d = columns > 3 * WIDTH ? 3 * panelBytes : 0;
    int from = row * x.k() / 2;
    int end = from + x.k() / 2;
    int block = row * x.blocks();
    long at = wAt + SCALES;
    long blockAt = wAt;
    Arrays.fill(sums, 0);
    ShortVector a0 = IntVector.broadcast(I, offsets[block]).reinterpretAsShorts();
    ShortVector a1 = a0;
    ShortVector b0 = a0;
    ShortVector b1 = a0;
    ShortVector c0 = a0;
    ShortVector c1 = a0;
    ShortVector d0 = a0;
    ShortVector d1 = a0;
    int left = WORDS;
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
      v = IntVector.fromMemorySegment(I, w, at + b, ORDER);
      b0 = b0.add(v.reinterpretAsShorts().mul(x0));
      b0 = b0.add(v.lanewise(VectorOperators.LSHR, 4).reinterpretAsShorts().mul(x1));
      b0 = b0.add(v.lanewise(VectorOperators.LSHR, 8).reinterpretAsShorts().mul(x2));
      b0 = b0.add(v.lanewise(VectorOperators.LSHR, 12).reinterpretAsShorts().mul(x3));
      v = IntVector.fromMemorySegment(I, w, at + b + VECTOR, ORDER);
      b1 = b1.add(v.reinterpretAsShorts().mul(x0));
      b1 = b1.add(v.lanewise(VectorOperators.LSHR, 4).reinterpretAsShorts().mul(x1));
      b1 = b1.add(v.lanewise(VectorOperators.LSHR, 8).reinterpretAsShorts().mul(x2));
      b1 = b1.add(v.lanewise(VectorOperators.LSHR, 12).reinterpretAsShorts().mul(x3));
      v = IntVector.fromMemorySegment(I, w, at + c, ORDER);
      c0 = c0.add(v.reinterpretAsShorts().mul(x0));
      c0 = c0.add(v.lanewise(VectorOperators.LSHR, 4).reinterpretAsShorts().mul(x1));
      c0 = c0.add(v.lanewise(VectorOperators.LSHR, 8).reinterpretAsShorts().mul(x2));
      c0 = c0.add(v.lanewise(VectorOperators.LSHR, 12).reinterpretAsShorts().mul(x3));
      v = IntVector.fromMemorySegment(I, w, at + c + VECTOR, ORDER);
      c1 = c1.add(v.reinterpretAsShorts().mul(x0));
      c1 = c1.add(v.lanewise(VectorOperators.LSHR, 4).reinterpretAsShorts().mul(x1));
      c1 = c1.add(v.lanewise(VectorOperators.LSHR, 8).reinterpretAsShorts().mul(x2));
      c1 = c1.add(v.lanewise(VectorOperators.LSHR, 12).reinterpretAsShorts().mul(x3));
      v = IntVector.fromMemorySegment(I, w, at + d, ORDER);
      d0 = d0.add(v.reinterpretAsShorts().mul(x0));
      d0 = d0.add(v.lanewise(VectorOperators.LSHR, 4).reinterpretAsShorts().mul(x1));
      d0 = d0.add(v.lanewise(VectorOperators.LSHR, 8).reinterpretAsShorts().mul(x2));
      d0 = d0.add(v.lanewise(VectorOperators.LSHR, 12).reinterpretAsShorts().mul(x3));
      v = IntVector.fromMemorySegment(I, w, at + d + VECTOR, ORDER);
      d1 = d1.add(v.reinterpretAsShorts().mul(x0));
      d1 = d1.add(v.lanewise(VectorOperators.LSHR, 4).reinterpretAsShorts().mul(x1));
      d1 = d1.add(v.lanewise(VectorOperators.LSHR, 8).reinterpretAsShorts().mul(x2));
      d1 = d1.add(v.lanewise(VectorOperators.LSHR, 12).reinterpretAsShorts().mul(x3));
      at += 2 * VECTOR;
      if (--left == 0) {
        a0.reinterpretAsInts().intoArray(products, 0);
        a1.reinterpretAsInts().intoArray(products, L);
        b0.reinterpretAsInts().intoArray(products, 2 * L);
        b1.reinterpretAsInts().intoArray(products, 3 * L);
        c0.reinterpretAsInts().intoArray(products, 4 * L);
        c1.reinterpretAsInts().intoArray(products, 5 * L);
        d0.reinterpretAsInts().intoArray(products, 6 * L);
        d1.reinterpretAsInts().intoArray(products, 7 * L);
        accumulate(w, blockAt, scales[block], 0);
        accumulate(w, blockAt + b, scales[block], WIDTH);
        accumulate(w, blockAt + c, scales[block], 2 * WIDTH);
        accumulate(w, blockAt + d, scales[block], 3 * WIDTH);
        block++;
        a0 = IntVector.broadcast(I, offsets[block]).reinterpretAsShorts();
        a1 = a0;
        b0 = a0;
        b1 = a0;
        c0 = a0;
        c1 = a0;
        d0 = a0;
        d1 = a0;
        blockAt += BLOCK_BYTES;
        at += SCALES;
        left = WORDS;
      }
    }
  }

  /**
   * sums += products · (scales of the block at byte {@code block} · x's scale), from {@code at}.
   */
  private void accumulate(MemorySegment w, long block, float scale, int at) {
    float factor = scale * VectorReducedPrecision.F16_FACTOR;
    for (int i = 0; i < WIDTH; i += L) {
      FloatVector scales =
          ((IntVector)
                  ShortVector.fromMemorySegment(HALF, w, block + 2L * i, ORDER)
                      .convertShape(VectorOperators.S2I, I, 0))
              .lanewise(VectorOperators.LSHL, 13)
              .and(VectorReducedPrecision.F16_BITS)
              .reinterpretAsFloats();
      IntVector halves = IntVector.fromArray(I, products, at + i);
      ((FloatVector)
              halves
                  .lanewise(VectorOperators.LSHL, 16)
                  .add(halves)
                  .lanewise(VectorOperators.ASHR, 16)
                  .convert(VectorOperators.I2F, 0))
          .fma(scales.mul(factor), FloatVector.fromArray(S, sums, at + i))
          .intoArray(sums, at + i);
    }
  }
}
