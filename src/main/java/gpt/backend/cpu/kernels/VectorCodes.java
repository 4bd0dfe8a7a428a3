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
 * Micro-kernels of {@link VectorQuantized}: the products of a row with the codes of panels, summed
 * for each group in 16-bit lanes modulo 2¹⁶, two lanes for each column. The row's multipliers are
 * made so that words are only shifted, not masked: see {@link CodeLayout}. A method has at most
 * about a hundred vector operations: of more, C2 does not inline all, and allocates the vectors
 * that they return.
 */
final class VectorCodes {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int L = S.length(); // lanes: floats of a vector
  private static final VectorSpecies<Integer> I =
      VectorSpecies.of(int.class, VectorShape.forBitSize(S.vectorBitSize()));
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private static final int WIDTH = VectorMatmul.WIDTH;

  /** Bytes of a vector. */
  private static final long VECTOR = 4L * L;

  /** Bytes of a word of each column. */
  private static final long STEP = 2 * VECTOR;

  /** Where products of the next group are: those of two panels are side by side. */
  private static final int STRIDE = 2 * WIDTH;

  /** Words of a group with 8 bits. */
  private static final int EIGHT_BIT_WORDS = 8;

  private static final int BIAS = EIGHT_BIT_WORDS * QuantizedRows.LOW_BIAS;

  private VectorCodes() {}

  /**
   * Two panels with four fields in each half of a word: codes of 4 bits, or of 5.
   *
   * @param bits between fields
   * @param at the first panel's codes in the first chunk, in bytes
   * @param b the second panel's
   * @param gap bytes between the codes of two blocks
   * @param words of a group
   * @param blockGroups groups of a block
   * @param from index of the first multiplier
   * @param end index after the last one
   * @param start index of the first group's start
   * @param products receives for each group a pair of 16-bit sums for each column
   */
  static void quarters(
      int bits,
      MemorySegment w,
      long at,
      long b,
      long gap,
      int words,
      int blockGroups,
      int[] multipliers,
      int from,
      int end,
      int[] starts,
      int start,
      int[] products) {
    ShortVector a0 = IntVector.broadcast(I, starts[start]).reinterpretAsShorts();
    ShortVector a1 = a0;
    ShortVector b0 = a0;
    ShortVector b1 = a0;
    int leftWords = words;
    int leftGroups = blockGroups;
    int to = 0;
    for (int i = from; i < end; i += 4) {
      ShortVector x0 = IntVector.broadcast(I, multipliers[i]).reinterpretAsShorts();
      ShortVector x1 = IntVector.broadcast(I, multipliers[i + 1]).reinterpretAsShorts();
      ShortVector x2 = IntVector.broadcast(I, multipliers[i + 2]).reinterpretAsShorts();
      ShortVector x3 = IntVector.broadcast(I, multipliers[i + 3]).reinterpretAsShorts();
      ShortVector v = IntVector.fromMemorySegment(I, w, at, ORDER).reinterpretAsShorts();
      a0 = a0.add(v.mul(x0));
      a0 = a0.add(v.lanewise(VectorOperators.LSHR, bits).mul(x1));
      a0 = a0.add(v.lanewise(VectorOperators.LSHR, 2 * bits).mul(x2));
      a0 = a0.add(v.lanewise(VectorOperators.LSHR, 3 * bits).mul(x3));
      v = IntVector.fromMemorySegment(I, w, at + VECTOR, ORDER).reinterpretAsShorts();
      a1 = a1.add(v.mul(x0));
      a1 = a1.add(v.lanewise(VectorOperators.LSHR, bits).mul(x1));
      a1 = a1.add(v.lanewise(VectorOperators.LSHR, 2 * bits).mul(x2));
      a1 = a1.add(v.lanewise(VectorOperators.LSHR, 3 * bits).mul(x3));
      v = IntVector.fromMemorySegment(I, w, b, ORDER).reinterpretAsShorts();
      b0 = b0.add(v.mul(x0));
      b0 = b0.add(v.lanewise(VectorOperators.LSHR, bits).mul(x1));
      b0 = b0.add(v.lanewise(VectorOperators.LSHR, 2 * bits).mul(x2));
      b0 = b0.add(v.lanewise(VectorOperators.LSHR, 3 * bits).mul(x3));
      v = IntVector.fromMemorySegment(I, w, b + VECTOR, ORDER).reinterpretAsShorts();
      b1 = b1.add(v.mul(x0));
      b1 = b1.add(v.lanewise(VectorOperators.LSHR, bits).mul(x1));
      b1 = b1.add(v.lanewise(VectorOperators.LSHR, 2 * bits).mul(x2));
      b1 = b1.add(v.lanewise(VectorOperators.LSHR, 3 * bits).mul(x3));
      at += STEP;
      b += STEP;
      if (--leftWords == 0) {
        a0.reinterpretAsInts().intoArray(products, to);
        a1.reinterpretAsInts().intoArray(products, to + L);
        b0.reinterpretAsInts().intoArray(products, to + WIDTH);
        b1.reinterpretAsInts().intoArray(products, to + WIDTH + L);
        to += STRIDE;
        start++;
        a0 = IntVector.broadcast(I, starts[start]).reinterpretAsShorts();
        a1 = a0;
        b0 = a0;
        b1 = a0;
        leftWords = words;
        if (--leftGroups == 0) {
          at += gap;
          b += gap;
          leftGroups = blockGroups;
        }
      }
    }
  }

  /** The same of one panel with codes of 2 bits: a group is a word. */
  static void twoBits(
      MemorySegment w,
      long at,
      long gap,
      int blockGroups,
      int[] multipliers,
      int from,
      int end,
      int[] starts,
      int start,
      int[] products,
      int to) {
    int left = blockGroups;
    for (int i = from; i < end; i += 8) {
      ShortVector a0 = IntVector.broadcast(I, starts[start++]).reinterpretAsShorts();
      ShortVector a1 = a0;
      ShortVector v = IntVector.fromMemorySegment(I, w, at, ORDER).reinterpretAsShorts();
      ShortVector u = IntVector.fromMemorySegment(I, w, at + VECTOR, ORDER).reinterpretAsShorts();
      ShortVector x = IntVector.broadcast(I, multipliers[i]).reinterpretAsShorts();
      a0 = a0.add(v.mul(x));
      a1 = a1.add(u.mul(x));
      x = IntVector.broadcast(I, multipliers[i + 1]).reinterpretAsShorts();
      a0 = a0.add(v.lanewise(VectorOperators.LSHR, 2).mul(x));
      a1 = a1.add(u.lanewise(VectorOperators.LSHR, 2).mul(x));
      x = IntVector.broadcast(I, multipliers[i + 2]).reinterpretAsShorts();
      a0 = a0.add(v.lanewise(VectorOperators.LSHR, 4).mul(x));
      a1 = a1.add(u.lanewise(VectorOperators.LSHR, 4).mul(x));
      x = IntVector.broadcast(I, multipliers[i + 3]).reinterpretAsShorts();
      a0 = a0.add(v.lanewise(VectorOperators.LSHR, 6).mul(x));
      a1 = a1.add(u.lanewise(VectorOperators.LSHR, 6).mul(x));
      x = IntVector.broadcast(I, multipliers[i + 4]).reinterpretAsShorts();
      a0 = a0.add(v.lanewise(VectorOperators.LSHR, 8).mul(x));
      a1 = a1.add(u.lanewise(VectorOperators.LSHR, 8).mul(x));
      x = IntVector.broadcast(I, multipliers[i + 5]).reinterpretAsShorts();
      a0 = a0.add(v.lanewise(VectorOperators.LSHR, 10).mul(x));
      a1 = a1.add(u.lanewise(VectorOperators.LSHR, 10).mul(x));
      x = IntVector.broadcast(I, multipliers[i + 6]).reinterpretAsShorts();
      a0 = a0.add(v.lanewise(VectorOperators.LSHR, 12).mul(x));
      a1 = a1.add(u.lanewise(VectorOperators.LSHR, 12).mul(x));
      x = IntVector.broadcast(I, multipliers[i + 7]).reinterpretAsShorts();
      a0 = a0.add(v.lanewise(VectorOperators.LSHR, 14).mul(x));
      a1 = a1.add(u.lanewise(VectorOperators.LSHR, 14).mul(x));
      a0.reinterpretAsInts().intoArray(products, to);
      a1.reinterpretAsInts().intoArray(products, to + L);
      to += STRIDE;
      at += STEP;
      if (--left == 0) {
        at += gap;
        left = blockGroups;
      }
    }
  }

  /** The same of one panel with codes of 6 bits: a group is three words. */
  static void sixBits(
      MemorySegment w,
      long at,
      long gap,
      int blockGroups,
      int[] multipliers,
      int from,
      int end,
      int[] starts,
      int start,
      int[] products,
      int to) {
    int left = blockGroups;
    for (int i = from; i < end; i += 10) {
      ShortVector a0 = IntVector.broadcast(I, starts[start++]).reinterpretAsShorts();
      ShortVector a1 = a0;
      ShortVector v = IntVector.fromMemorySegment(I, w, at, ORDER).reinterpretAsShorts();
      ShortVector u = IntVector.fromMemorySegment(I, w, at + VECTOR, ORDER).reinterpretAsShorts();
      ShortVector x = IntVector.broadcast(I, multipliers[i]).reinterpretAsShorts();
      a0 = a0.add(v.mul(x));
      a1 = a1.add(u.mul(x));
      x = IntVector.broadcast(I, multipliers[i + 1]).reinterpretAsShorts();
      a0 = a0.add(v.lanewise(VectorOperators.LSHR, 6).mul(x));
      a1 = a1.add(u.lanewise(VectorOperators.LSHR, 6).mul(x));
      x = IntVector.broadcast(I, multipliers[i + 2]).reinterpretAsShorts();
      a0 = a0.add(v.lanewise(VectorOperators.LSHR, 12).mul(x));
      a1 = a1.add(u.lanewise(VectorOperators.LSHR, 12).mul(x));
      v = IntVector.fromMemorySegment(I, w, at + STEP, ORDER).reinterpretAsShorts();
      u = IntVector.fromMemorySegment(I, w, at + STEP + VECTOR, ORDER).reinterpretAsShorts();
      x = IntVector.broadcast(I, multipliers[i + 3]).reinterpretAsShorts();
      a0 = a0.add(v.mul(x));
      a1 = a1.add(u.mul(x));
      x = IntVector.broadcast(I, multipliers[i + 4]).reinterpretAsShorts();
      a0 = a0.add(v.lanewise(VectorOperators.LSHR, 6).mul(x));
      a1 = a1.add(u.lanewise(VectorOperators.LSHR, 6).mul(x));
      x = IntVector.broadcast(I, multipliers[i + 5]).reinterpretAsShorts();
      a0 = a0.add(v.lanewise(VectorOperators.LSHR, 12).mul(x));
      a1 = a1.add(u.lanewise(VectorOperators.LSHR, 12).mul(x));
      v = IntVector.fromMemorySegment(I, w, at + 2 * STEP, ORDER).reinterpretAsShorts();
      u = IntVector.fromMemorySegment(I, w, at + 2 * STEP + VECTOR, ORDER).reinterpretAsShorts();
      x = IntVector.broadcast(I, multipliers[i + 6]).reinterpretAsShorts();
      a0 = a0.add(v.mul(x));
      a1 = a1.add(u.mul(x));
      x = IntVector.broadcast(I, multipliers[i + 7]).reinterpretAsShorts();
      a0 = a0.add(v.lanewise(VectorOperators.LSHR, 6).mul(x));
      a1 = a1.add(u.lanewise(VectorOperators.LSHR, 6).mul(x));
      x = IntVector.broadcast(I, multipliers[i + 8]).reinterpretAsShorts();
      a0 = a0.add(v.lanewise(VectorOperators.LSHR, 12).mul(x));
      a1 = a1.add(u.lanewise(VectorOperators.LSHR, 12).mul(x));
      x = IntVector.broadcast(I, multipliers[i + 9]).reinterpretAsShorts();
      a0 = a0.add(v.lanewise(VectorOperators.LSHR, 14).mul(x));
      a1 = a1.add(u.lanewise(VectorOperators.LSHR, 14).mul(x));
      a0.reinterpretAsInts().intoArray(products, to);
      a1.reinterpretAsInts().intoArray(products, to + L);
      to += STRIDE;
      at += 3 * STEP;
      if (--left == 0) {
        at += gap;
        left = blockGroups;
      }
    }
  }

  /**
   * The same of one panel with codes of 8 bits. 16 bits hold the sum of two products, of a word's
   * half. A word's sums, low + 2¹⁶ high, are added up as ints, and so are high: both totals follow
   * from these. Low sums are positive: they start at {@link QuantizedRows#LOW_BIAS}.
   *
   * @param products receives the sums of groups themselves
   */
  static void eightBits(
      MemorySegment w,
      long at,
      long gap,
      int blockGroups,
      int[] multipliers,
      int from,
      int end,
      int[] starts,
      int start,
      int[] products,
      int to) {
    IntVector a0 = IntVector.zero(I);
    IntVector a1 = a0;
    IntVector h0 = a0;
    IntVector h1 = a0;
    int leftWords = EIGHT_BIT_WORDS;
    int leftGroups = blockGroups;
    for (int i = from; i < end; i += 2) {
      ShortVector s = IntVector.broadcast(I, starts[start++]).reinterpretAsShorts();
      ShortVector x0 = IntVector.broadcast(I, multipliers[i]).reinterpretAsShorts();
      ShortVector x1 = IntVector.broadcast(I, multipliers[i + 1]).reinterpretAsShorts();
      ShortVector v = IntVector.fromMemorySegment(I, w, at, ORDER).reinterpretAsShorts();
      IntVector p =
          v.mul(x0).add(s).add(v.lanewise(VectorOperators.LSHR, 8).mul(x1)).reinterpretAsInts();
      a0 = a0.add(p);
      h0 = h0.add(p.lanewise(VectorOperators.ASHR, 16));
      v = IntVector.fromMemorySegment(I, w, at + VECTOR, ORDER).reinterpretAsShorts();
      p = v.mul(x0).add(s).add(v.lanewise(VectorOperators.LSHR, 8).mul(x1)).reinterpretAsInts();
      a1 = a1.add(p);
      h1 = h1.add(p.lanewise(VectorOperators.ASHR, 16));
      at += STEP;
      if (--leftWords == 0) {
        a0.sub(h0.lanewise(VectorOperators.LSHL, 16)).add(h0).sub(BIAS).intoArray(products, to);
        a1.sub(h1.lanewise(VectorOperators.LSHL, 16)).add(h1).sub(BIAS).intoArray(products, to + L);
        to += STRIDE;
        a0 = IntVector.zero(I);
        a1 = a0;
        h0 = a0;
        h1 = a0;
        leftWords = EIGHT_BIT_WORDS;
        if (--leftGroups == 0) {
          at += gap;
          leftGroups = blockGroups;
        }
      }
    }
  }
}
