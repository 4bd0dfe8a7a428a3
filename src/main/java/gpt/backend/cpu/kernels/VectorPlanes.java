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
 * Micro-kernels of {@link VectorQuantized}: the products of a row of {@link PlaneRows} with one
 * plane of the codes of four panels, which are read as four streams. They are summed for each group
 * in 16-bit lanes modulo 2¹⁶, two lanes for each column.
 */
final class VectorPlanes {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int L = S.length(); // lanes: floats of a vector
  private static final int BITS = S.vectorBitSize();
  private static final VectorSpecies<Integer> I =
      VectorSpecies.of(int.class, VectorShape.forBitSize(BITS));
  private static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(short.class, VectorShape.forBitSize(BITS));
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  /** Bytes of a vector. */
  private static final long VECTOR = 4L * L;

  /** Bytes of a word of each column. */
  private static final long STEP = 2 * VECTOR;

  /** Columns of four panels. */
  private static final int COLUMNS = CpuKernels.STREAMS * VectorMatmul.WIDTH;

  private VectorPlanes() {}

  /**
   * Products with words of 4 bits a step.
   *
   * @param at the plane's codes in the first chunk, in bytes
   * @param b where the second panel is relative to the first, and so on
   * @param stride bytes from a chunk's codes to the next one's
   * @param factors of {@link PlaneRows#words}
   * @param x index of the first factor
   * @param pairs factors of a group
   * @param products receives for each group a pair of 16-bit sums for each column
   */
  static void fourBits(
      MemorySegment w,
      long at,
      long b,
      long c,
      long d,
      long stride,
      int[] factors,
      int x,
      int pairs,
      int groups,
      int[] products) {
    int halves = pairs == QuantizedPanel.CHUNK / 2 ? 0 : 1; // of a chunk: two groups, or one
    for (int g = 0; g < groups; g++) {
      long from = at + (g >> halves) * stride + (g & halves) * (pairs / 4 * STEP);
      int to = g * COLUMNS;
      ShortVector a0 = ShortVector.zero(SHORTS);
      ShortVector a1 = a0;
      ShortVector b0 = a0;
      ShortVector b1 = a0;
      ShortVector c0 = a0;
      ShortVector c1 = a0;
      ShortVector d0 = a0;
      ShortVector d1 = a0;
      for (int end = x + pairs; x < end; x += 4) {
        ShortVector x0 = IntVector.broadcast(I, factors[x]).reinterpretAsShorts();
        ShortVector x1 = IntVector.broadcast(I, factors[x + 1]).reinterpretAsShorts();
        ShortVector x2 = IntVector.broadcast(I, factors[x + 2]).reinterpretAsShorts();
        ShortVector x3 = IntVector.broadcast(I, factors[x + 3]).reinterpretAsShorts();
        IntVector v;
        v = IntVector.fromMemorySegment(I, w, from, ORDER);
        a0 = a0.add(v.reinterpretAsShorts().mul(x0));
        a0 = a0.add(v.lanewise(VectorOperators.LSHR, 4).reinterpretAsShorts().mul(x1));
        a0 = a0.add(v.lanewise(VectorOperators.LSHR, 8).reinterpretAsShorts().mul(x2));
        a0 = a0.add(v.lanewise(VectorOperators.LSHR, 12).reinterpretAsShorts().mul(x3));
        v = IntVector.fromMemorySegment(I, w, from + VECTOR, ORDER);
        a1 = a1.add(v.reinterpretAsShorts().mul(x0));
        a1 = a1.add(v.lanewise(VectorOperators.LSHR, 4).reinterpretAsShorts().mul(x1));
        a1 = a1.add(v.lanewise(VectorOperators.LSHR, 8).reinterpretAsShorts().mul(x2));
        a1 = a1.add(v.lanewise(VectorOperators.LSHR, 12).reinterpretAsShorts().mul(x3));
        v = IntVector.fromMemorySegment(I, w, from + b, ORDER);
        b0 = b0.add(v.reinterpretAsShorts().mul(x0));
        b0 = b0.add(v.lanewise(VectorOperators.LSHR, 4).reinterpretAsShorts().mul(x1));
        b0 = b0.add(v.lanewise(VectorOperators.LSHR, 8).reinterpretAsShorts().mul(x2));
        b0 = b0.add(v.lanewise(VectorOperators.LSHR, 12).reinterpretAsShorts().mul(x3));
        v = IntVector.fromMemorySegment(I, w, from + b + VECTOR, ORDER);
        b1 = b1.add(v.reinterpretAsShorts().mul(x0));
        b1 = b1.add(v.lanewise(VectorOperators.LSHR, 4).reinterpretAsShorts().mul(x1));
        b1 = b1.add(v.lanewise(VectorOperators.LSHR, 8).reinterpretAsShorts().mul(x2));
        b1 = b1.add(v.lanewise(VectorOperators.LSHR, 12).reinterpretAsShorts().mul(x3));
        v = IntVector.fromMemorySegment(I, w, from + c, ORDER);
        c0 = c0.add(v.reinterpretAsShorts().mul(x0));
        c0 = c0.add(v.lanewise(VectorOperators.LSHR, 4).reinterpretAsShorts().mul(x1));
        c0 = c0.add(v.lanewise(VectorOperators.LSHR, 8).reinterpretAsShorts().mul(x2));
        c0 = c0.add(v.lanewise(VectorOperators.LSHR, 12).reinterpretAsShorts().mul(x3));
        v = IntVector.fromMemorySegment(I, w, from + c + VECTOR, ORDER);
        c1 = c1.add(v.reinterpretAsShorts().mul(x0));
        c1 = c1.add(v.lanewise(VectorOperators.LSHR, 4).reinterpretAsShorts().mul(x1));
        c1 = c1.add(v.lanewise(VectorOperators.LSHR, 8).reinterpretAsShorts().mul(x2));
        c1 = c1.add(v.lanewise(VectorOperators.LSHR, 12).reinterpretAsShorts().mul(x3));
        v = IntVector.fromMemorySegment(I, w, from + d, ORDER);
        d0 = d0.add(v.reinterpretAsShorts().mul(x0));
        d0 = d0.add(v.lanewise(VectorOperators.LSHR, 4).reinterpretAsShorts().mul(x1));
        d0 = d0.add(v.lanewise(VectorOperators.LSHR, 8).reinterpretAsShorts().mul(x2));
        d0 = d0.add(v.lanewise(VectorOperators.LSHR, 12).reinterpretAsShorts().mul(x3));
        v = IntVector.fromMemorySegment(I, w, from + d + VECTOR, ORDER);
        d1 = d1.add(v.reinterpretAsShorts().mul(x0));
        d1 = d1.add(v.lanewise(VectorOperators.LSHR, 4).reinterpretAsShorts().mul(x1));
        d1 = d1.add(v.lanewise(VectorOperators.LSHR, 8).reinterpretAsShorts().mul(x2));
        d1 = d1.add(v.lanewise(VectorOperators.LSHR, 12).reinterpretAsShorts().mul(x3));
        from += STEP;
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
  }

  /** The same with words of 1, 2 or 4 bits a step. */
  static void anyBits(
      int bits,
      MemorySegment w,
      long at,
      long b,
      long c,
      long d,
      long stride,
      int[] factors,
      int x,
      int pairs,
      int groups,
      int[] products) {
    int halves = pairs == QuantizedPanel.CHUNK / 2 ? 0 : 1; // of a chunk: two groups, or one
    for (int g = 0; g < groups; g++) {
      long first = at + (g >> halves) * stride + (g & halves) * (bits * pairs / 16 * STEP);
      int to = g * COLUMNS;
      ShortVector a0 = ShortVector.zero(SHORTS);
      ShortVector a1 = a0;
      ShortVector b0 = a0;
      ShortVector b1 = a0;
      ShortVector c0 = a0;
      ShortVector c1 = a0;
      ShortVector d0 = a0;
      ShortVector d1 = a0;
      for (int i = 0; i < pairs; i += 4) {
        ShortVector x0 = IntVector.broadcast(I, factors[x]).reinterpretAsShorts();
        ShortVector x1 = IntVector.broadcast(I, factors[x + 1]).reinterpretAsShorts();
        ShortVector x2 = IntVector.broadcast(I, factors[x + 2]).reinterpretAsShorts();
        ShortVector x3 = IntVector.broadcast(I, factors[x + 3]).reinterpretAsShorts();
        long from = first + (i * bits >> 4) * STEP;
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
        v =
            IntVector.fromMemorySegment(I, w, from + VECTOR, ORDER)
                .lanewise(VectorOperators.LSHR, shift);
        a1 = a1.add(v.reinterpretAsShorts().mul(x0));
        v = v.lanewise(VectorOperators.LSHR, bits);
        a1 = a1.add(v.reinterpretAsShorts().mul(x1));
        v = v.lanewise(VectorOperators.LSHR, bits);
        a1 = a1.add(v.reinterpretAsShorts().mul(x2));
        v = v.lanewise(VectorOperators.LSHR, bits);
        a1 = a1.add(v.reinterpretAsShorts().mul(x3));
        v =
            IntVector.fromMemorySegment(I, w, from + b, ORDER)
                .lanewise(VectorOperators.LSHR, shift);
        b0 = b0.add(v.reinterpretAsShorts().mul(x0));
        v = v.lanewise(VectorOperators.LSHR, bits);
        b0 = b0.add(v.reinterpretAsShorts().mul(x1));
        v = v.lanewise(VectorOperators.LSHR, bits);
        b0 = b0.add(v.reinterpretAsShorts().mul(x2));
        v = v.lanewise(VectorOperators.LSHR, bits);
        b0 = b0.add(v.reinterpretAsShorts().mul(x3));
        v =
            IntVector.fromMemorySegment(I, w, from + b + VECTOR, ORDER)
                .lanewise(VectorOperators.LSHR, shift);
        b1 = b1.add(v.reinterpretAsShorts().mul(x0));
        v = v.lanewise(VectorOperators.LSHR, bits);
        b1 = b1.add(v.reinterpretAsShorts().mul(x1));
        v = v.lanewise(VectorOperators.LSHR, bits);
        b1 = b1.add(v.reinterpretAsShorts().mul(x2));
        v = v.lanewise(VectorOperators.LSHR, bits);
        b1 = b1.add(v.reinterpretAsShorts().mul(x3));
        v =
            IntVector.fromMemorySegment(I, w, from + c, ORDER)
                .lanewise(VectorOperators.LSHR, shift);
        c0 = c0.add(v.reinterpretAsShorts().mul(x0));
        v = v.lanewise(VectorOperators.LSHR, bits);
        c0 = c0.add(v.reinterpretAsShorts().mul(x1));
        v = v.lanewise(VectorOperators.LSHR, bits);
        c0 = c0.add(v.reinterpretAsShorts().mul(x2));
        v = v.lanewise(VectorOperators.LSHR, bits);
        c0 = c0.add(v.reinterpretAsShorts().mul(x3));
        v =
            IntVector.fromMemorySegment(I, w, from + c + VECTOR, ORDER)
                .lanewise(VectorOperators.LSHR, shift);
        c1 = c1.add(v.reinterpretAsShorts().mul(x0));
        v = v.lanewise(VectorOperators.LSHR, bits);
        c1 = c1.add(v.reinterpretAsShorts().mul(x1));
        v = v.lanewise(VectorOperators.LSHR, bits);
        c1 = c1.add(v.reinterpretAsShorts().mul(x2));
        v = v.lanewise(VectorOperators.LSHR, bits);
        c1 = c1.add(v.reinterpretAsShorts().mul(x3));
        v =
            IntVector.fromMemorySegment(I, w, from + d, ORDER)
                .lanewise(VectorOperators.LSHR, shift);
        d0 = d0.add(v.reinterpretAsShorts().mul(x0));
        v = v.lanewise(VectorOperators.LSHR, bits);
        d0 = d0.add(v.reinterpretAsShorts().mul(x1));
        v = v.lanewise(VectorOperators.LSHR, bits);
        d0 = d0.add(v.reinterpretAsShorts().mul(x2));
        v = v.lanewise(VectorOperators.LSHR, bits);
        d0 = d0.add(v.reinterpretAsShorts().mul(x3));
        v =
            IntVector.fromMemorySegment(I, w, from + d + VECTOR, ORDER)
                .lanewise(VectorOperators.LSHR, shift);
        d1 = d1.add(v.reinterpretAsShorts().mul(x0));
        v = v.lanewise(VectorOperators.LSHR, bits);
        d1 = d1.add(v.reinterpretAsShorts().mul(x1));
        v = v.lanewise(VectorOperators.LSHR, bits);
        d1 = d1.add(v.reinterpretAsShorts().mul(x2));
        v = v.lanewise(VectorOperators.LSHR, bits);
        d1 = d1.add(v.reinterpretAsShorts().mul(x3));
        x += 4;
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
  }
}
