package gpt.sampling;

/**
 * The counter-based generator Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random
 * numbers: as easy as 1, 2, 3", SC 2011). It has no state: the random number of a token is a
 * function of (seed, sample, step), so it does not depend on the backend or on the order of the
 * draws.
 *
 * <p>{@link #word} uses 32-bit ints only, without {@code long} and without {@code >>>}, which some
 * compilers of GPU kernels turn into a signed shift; {@code (x >> n) & mask} is the same
 * everywhere. So a kernel can copy it and return the same bits.
 */
public final class Philox {
  private static final int MULTIPLIER_0 = 0xD2511F53;
  private static final int MULTIPLIER_1 = 0xCD9E8D57;
  private static final int WEYL_0 = 0x9E3779B9;
  private static final int WEYL_1 = 0xBB67AE85;
  private static final int ROUNDS = 10;

  private Philox() {}

  /**
   * The random number of one token. The key is the seed, low word first; the counter is (step,
   * sample, 0, 0); the number is the upper 24 bits of the block's first word, exact as a float.
   *
   * @param seed any
   * @param sample index of the completion in its request
   * @param step index of the new token in its completion
   * @return a multiple of 2⁻²⁴ in [0, 1)
   */
  public static float uniform(long seed, int sample, int step) {
    return bits(seed, sample, step) * 0x1p-24f;
  }

  /** The same number in units of 2⁻²⁴, from 0 to 2²⁴ − 1. */
  public static int bits(long seed, int sample, int step) {
    int word = word(0, step, sample, 0, 0, (int) seed, (int) (seed >> 32));
    return (word >> 8) & 0xFFFFFF;
  }

  /**
   * One word of the four-word block for a counter and a key.
   *
   * @param index which of the four, 0 to 3
   */
  static int word(int index, int c0, int c1, int c2, int c3, int k0, int k1) {
    for (int round = 0; round < ROUNDS; round++) {
      int high0 = multiplyHigh(MULTIPLIER_0, c0);
      int low0 = MULTIPLIER_0 * c0;
      int high1 = multiplyHigh(MULTIPLIER_1, c2);
      int low1 = MULTIPLIER_1 * c2;
      c0 = high1 ^ c1 ^ k0;
      c1 = low1;
      c2 = high0 ^ c3 ^ k1;
      c3 = low0;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    return switch (index) {
      case 0 -> c0;
      case 1 -> c1;
      case 2 -> c2;
      default -> c3;
    };
  }

  /**
   * The block for a counter and a key; for the host, where 64-bit products are faster.
   *
   * @param out receives the four words
   */
  static void block(int c0, int c1, int c2, int c3, int k0, int k1, int[] out) {
    for (int round = 0; round < ROUNDS; round++) {
      long product0 = (MULTIPLIER_0 & 0xFFFFFFFFL) * (c0 & 0xFFFFFFFFL);
      long product1 = (MULTIPLIER_1 & 0xFFFFFFFFL) * (c2 & 0xFFFFFFFFL);
      c0 = (int) (product1 >> 32) ^ c1 ^ k0;
      c1 = (int) product1;
      c2 = (int) (product0 >> 32) ^ c3 ^ k1;
      c3 = (int) product0;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
  }

  /** The upper 32 bits of the unsigned 64-bit product, by 16-bit halves. */
  static int multiplyHigh(int a, int b) {
    int aLow = a & 0xFFFF;
    int aHigh = (a >> 16) & 0xFFFF;
    int bLow = b & 0xFFFF;
    int bHigh = (b >> 16) & 0xFFFF;
    // Neither sum exceeds 2³² − 1: (2¹⁶ − 1)² + 2¹⁶ − 1 is less.
    int middle = aHigh * bLow + (((aLow * bLow) >> 16) & 0xFFFF);
    int other = aLow * bHigh + (middle & 0xFFFF);
    return aHigh * bHigh + ((middle >> 16) & 0xFFFF) + ((other >> 16) & 0xFFFF);
  }
}
