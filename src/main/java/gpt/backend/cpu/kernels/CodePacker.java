package gpt.backend.cpu.kernels;

import gpt.model.QuantizedBlock;

/**
 * Packs codes into words as {@link CodeLayout} has them, while a model is loaded: eight codes at a
 * time, which are the bytes of a long.
 */
final class CodePacker {
  private static final long IN_16_BITS = 0x0001000100010001L;

  private static final long IN_32_BITS = 0x0000000100000001L;

  private CodePacker() {}

  /**
   * Packs a chunk.
   *
   * @param bits of a code: 2, 4, 5, 6 or 8
   * @param e the chunk's first element in its block
   */
  static void pack(QuantizedBlock block, int e, int bits, int[] words) {
    long a = block.codes(e / 8);
    long b = block.codes(e / 8 + 1);
    long c = block.codes(e / 8 + 2);
    long d = block.codes(e / 8 + 3);
    switch (bits) {
      case 2 -> {
        words[0] = (int) (adjacent(a, 2) | adjacent(b, 2) << 16);
        words[1] = (int) (adjacent(c, 2) | adjacent(d, 2) << 16);
      }
      case 4 -> {
        words[0] = (int) adjacent(a, 4);
        words[1] = (int) adjacent(b, 4);
        words[2] = (int) adjacent(c, 4);
        words[3] = (int) adjacent(d, 4);
      }
      case 5 -> fiveBits(adjacent(a, 5), adjacent(b, 5), adjacent(c, 5), adjacent(d, 5), words);
      case 6 -> {
        sixBits(pairs(a, 6), pairs(b, 6), words, 0);
        sixBits(pairs(c, 6), pairs(d, 6), words, 3);
      }
      case 8 -> {
        eightBits(a, words, 0);
        eightBits(b, words, 2);
        eightBits(c, words, 4);
        eightBits(d, words, 6);
      }
      default -> throw new IllegalArgumentException("codes of " + bits + " bits");
    }
  }

  /** Pairs of adjacent codes, in 16 bits each. */
  private static long pairs(long codes, int bits) {
    return codes & IN_16_BITS * 0xFF | (codes >>> 8 & IN_16_BITS * 0xFF) << bits;
  }

  /** Eight adjacent codes in the low bits. */
  private static long adjacent(long codes, int bits) {
    long pairs = pairs(codes, bits);
    long fours = pairs & IN_32_BITS * 0xFFFF | (pairs >>> 16 & IN_32_BITS * 0xFFFF) << 2 * bits;
    return fours & 0xFFFFFFFFL | fours >>> 32 << 4 * bits;
  }

  /** The halves of a word have codes 3i to 3i + 2, and bit i of the 16th, of 16 codes each. */
  private static void fiveBits(long a, long b, long c, long d, int[] words) {
    words[0] = word(a, c);
    words[1] = word(a >>> 15, c >>> 15);
    words[2] = word(a >>> 30 | b << 10, c >>> 30 | d << 10);
    words[3] = word(b >>> 5, d >>> 5);
    words[4] = word(b >>> 20, d >>> 20);
    for (int i = 0; i < 5; i++) {
      words[i] |= (int) ((b >>> 35 + i & 1) << 15 | (d >>> 35 + i & 1) << 31);
    }
  }

  private static int word(long low, long high) {
    return (int) (low & 0x7FFF | (high & 0x7FFF) << 16);
  }

  /** Three words with the 8 codes of both halves; the last two are divided among them. */
  private static void sixBits(long low, long high, int[] words, int at) {
    words[at] = sixBits(low, 0, low >>> 48 & 15) | sixBits(high, 0, high >>> 48 & 15) << 16;
    words[at + 1] = sixBits(low, 16, low >>> 54 & 15) | sixBits(high, 16, high >>> 54 & 15) << 16;
    words[at + 2] = sixBits(low, 32, upper(low)) | sixBits(high, 32, upper(high)) << 16;
  }

  private static int sixBits(long pairs, int shift, long last) {
    return (int) (pairs >>> shift & 0xFFF | last << 12);
  }

  /** The upper two bits of both last codes. */
  private static long upper(long pairs) {
    return pairs >>> 52 & 3 | (pairs >>> 58 & 3) << 2;
  }

  private static void eightBits(long codes, int[] words, int at) {
    words[at] = (int) codes;
    words[at + 1] = (int) (codes >>> 32);
  }
}
