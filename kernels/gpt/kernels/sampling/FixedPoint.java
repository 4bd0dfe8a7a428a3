package gpt.kernels.sampling;

/**
 * The integer arithmetic of the sampling chain: weights and random numbers. Both are copies of
 * {@code gpt.sampling.Weight} and {@code gpt.sampling.Philox}, so that host and devices draw the
 * same tokens; {@code SamplingTest} compares them.
 *
 * <p>Example: the distances 0, 1, 2 and 45 bits, q = 0, 2²⁴, 2²⁵ and 45 · 2²⁴, have the weights
 * 2⁴⁴, 2⁴³, 2⁴² and 0.
 *
 * <p>Read before: {@link RadixSelect}. After: {@link TopTokens}.
 */
final class FixedPoint {
  private FixedPoint() {}

  // A copy of gpt.sampling.Weight, which explains each method.

  private static final int C1 = 744261009;
  private static final int C2 = 257939154;
  private static final int C3 = 59583575;
  private static final int C4 = 10287039;
  private static final int C5 = 1369935;
  private static final int C6 = 117414;

  /** 2⁴⁴ · 2^(−q/2²⁴), rounded down. */
  static long weight(int q) {
    int bits = q >> 24;
    long weight = 0;
    if (bits < 45) {
      int t = q & 0xFFFFFF;
      int sum = C5 - scaled(C6, t);
      sum = C4 - scaled(sum, t);
      sum = C3 - scaled(sum, t);
      sum = C2 - scaled(sum, t);
      sum = C1 - scaled(sum, t);
      long power = (1 << 30) - scaled(sum, t);
      weight = (power << 14) >> bits;
    }
    return weight;
  }

  /** a · t · 2⁻²⁴, rounded down: the product of two ints is one instruction on a GPU. */
  private static int scaled(int a, int t) {
    return (int) (((long) a * t) >> 24);
  }

  /** The sum times fraction · 2⁻³⁰, rounded up. */
  static long fractionOf(long sum, int fraction) {
    long high = (sum >> 30) * fraction;
    long low = ((sum & 0x3FFFFFFFL) * fraction + 0x3FFFFFFFL) >> 30;
    return high + low;
  }

  /** The sum times r · 2⁻²⁴, rounded down. */
  static long drawPoint(long sum, int r) {
    return (sum >> 24) * r + (((sum & 0xFFFFFFL) * r) >> 24);
  }

  // A copy of gpt.sampling.Philox.

  /** The upper 24 bits of the first word for key (low, high) and counter (step, sample, 0, 0). */
  static int random(int low, int high, int sample, int step) {
    int c0 = step;
    int c1 = sample;
    int c2 = 0;
    int c3 = 0;
    int k0 = low;
    int k1 = high;
    for (int round = 0; round < 10; round++) {
      int high0 = multiplyHigh(0xD2511F53, c0);
      int low0 = 0xD2511F53 * c0;
      int high1 = multiplyHigh(0xCD9E8D57, c2);
      int low1 = 0xCD9E8D57 * c2;
      c0 = high1 ^ c1 ^ k0;
      c1 = low1;
      c2 = high0 ^ c3 ^ k1;
      c3 = low0;
      k0 = k0 + 0x9E3779B9;
      k1 = k1 + 0xBB67AE85;
    }
    return (c0 >> 8) & 0xFFFFFF;
  }

  private static int multiplyHigh(int a, int b) {
    int aLow = a & 0xFFFF;
    int aHigh = (a >> 16) & 0xFFFF;
    int bLow = b & 0xFFFF;
    int bHigh = (b >> 16) & 0xFFFF;
    int middle = aHigh * bLow + (((aLow * bLow) >> 16) & 0xFFFF);
    int other = aLow * bHigh + (middle & 0xFFFF);
    return aHigh * bHigh + ((middle >> 16) & 0xFFFF) + ((other >> 16) & 0xFFFF);
  }
}
