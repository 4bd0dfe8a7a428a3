package gpt.sampling;

/**
 * The fixed-point numbers of the sampling chain. A token's <em>distance</em> q is −log₂ of its
 * probability relative to the likeliest token, with 24 fractional bits; its <em>weight</em> is
 * 2^(−q / 2²⁴), its unnormalized probability, in units of 2⁻⁴⁴.
 *
 * <p>Sums of integers do not depend on their order, so the host and all devices agree on every sum,
 * and thus on every token, however they divide the work. No long that is shifted here is negative.
 */
public final class Weight {
  /** Fractional bits of a distance. */
  public static final int DISTANCE_BITS = 24;

  /** Distance of a masked token, which is never drawn, and of every token from 64 bits on. */
  public static final int MASKED_DISTANCE = 1 << 30;

  /** The weight of distance 0. The sum over 2¹⁸ tokens fits a long. */
  public static final long ONE = 1L << 44;

  /** Fractional bits of a probability that a sum of weights is multiplied by. */
  static final int FRACTION_BITS = 30;

  private static final int FRACTION_MASK = (1 << FRACTION_BITS) - 1;
  private static final int DISTANCE_FRACTION_MASK = (1 << DISTANCE_BITS) - 1;

  /** From this many bits on a weight is 0. */
  private static final int UNDERFLOW_BITS = 45;

  // 2^-t for t from 0 to 1, times 2³⁰: the polynomial through 1 at 0, 1/2 at 1 and five Chebyshev
  // points, with alternating signs. Its error is below 2^-29.1, with the rounding below 2^-28.
  private static final int C1 = 744261009;
  private static final int C2 = 257939154;
  private static final int C3 = 59583575;
  private static final int C4 = 10287039;
  private static final int C5 = 1369935;
  private static final int C6 = 117414;

  private Weight() {}

  /** The absolute coefficients of 2^-t for t, t², …, t⁶, in units of 2⁻³⁰ (6). */
  public static int[] coefficients() {
    return new int[] {C1, C2, C3, C4, C5, C6};
  }

  /**
   * The weight of a distance: 2⁴⁴ · 2^(−q/2²⁴), rounded down; it never increases with q.
   *
   * @param q at least 0
   */
  public static long of(int q) {
    int bits = q >> DISTANCE_BITS;
    if (bits >= UNDERFLOW_BITS) {
      return 0;
    }
    return ((long) power(q & DISTANCE_FRACTION_MASK) << 14) >> bits;
  }

  /**
   * 2^(−f/2²⁴) in units of 2⁻³⁰.
   *
   * @param f 0 to 2²⁴ − 1
   */
  static int power(int f) {
    long t = f;
    long sum = C5 - ((C6 * t) >> 24);
    sum = C4 - ((sum * t) >> 24);
    sum = C3 - ((sum * t) >> 24);
    sum = C2 - ((sum * t) >> 24);
    sum = C1 - ((sum * t) >> 24);
    return (1 << 30) - (int) ((sum * t) >> 24);
  }

  /**
   * A fraction of a sum of weights, rounded up and so at least 1.
   *
   * @param sum 1 to 2⁶² − 1
   * @param fraction in units of 2⁻³⁰, 1 to 2³⁰
   */
  public static long fractionOf(long sum, int fraction) {
    long high = (sum >> FRACTION_BITS) * fraction;
    long low = ((sum & FRACTION_MASK) * fraction + FRACTION_MASK) >> FRACTION_BITS;
    return high + low;
  }

  /**
   * The point in the cumulative sum of the weights that a random number selects: the sum times r ·
   * 2⁻²⁴, rounded down.
   *
   * @param sum 1 to 2⁶² − 1
   * @param r the random number in units of 2⁻²⁴, 0 to 2²⁴ − 1
   * @return less than the sum
   */
  public static long drawPoint(long sum, int r) {
    return (sum >> 24) * r + (((sum & 0xFFFFFF) * r) >> 24);
  }
}
