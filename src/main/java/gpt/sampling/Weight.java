package gpt.sampling;

/**
 * The fixed point that probabilities are computed in. An id's distance q is how many bits it is
 * less likely than the likeliest one, in units of 2⁻²⁴; its weight is 2^−q in units of 2⁻⁴⁴.
 *
 * <p>Sums of integers do not depend on their order, so host and devices agree on every sum and with
 * it on every choice, however the work is divided. No long that is shifted here is negative.
 */
public final class Weight {
  /** Binary places of a distance. */
  public static final int DISTANCE_BITS = 24;

  /** Distances from 64 bits on, and those of ids that have left: never drawn. */
  public static final int MASKED_DISTANCE = 1 << 30;

  /** The weight of distance 0. Of 2¹⁸ ids the sum stays below 2⁶³. */
  public static final long ONE = 1L << 44;

  /** Places of a probability that a sum of weights is multiplied by. */
  static final int FRACTION_BITS = 30;

  private static final int FRACTION_MASK = (1 << FRACTION_BITS) - 1;
  private static final int DISTANCE_FRACTION_MASK = (1 << DISTANCE_BITS) - 1;

  /** From this many bits on nothing is left of 2⁴⁴. */
  private static final int UNDERFLOW_BITS = 45;

  // 2^-t for t from 0 to 1, times 2³⁰: through 1 at 0, 1/2 at 1 and five Chebyshev points between,
  // with alternating signs. It is within 2^-29.1 of the power; with the rounding within 2^-28.
  private static final int C1 = 744261009;
  private static final int C2 = 257939154;
  private static final int C3 = 59583575;
  private static final int C4 = 10287039;
  private static final int C5 = 1369935;
  private static final int C6 = 117414;

  private Weight() {}

  /** The coefficients of 2^-t for t, t² and so on to t⁶, in units of 2⁻³⁰, signs left out (6). */
  public static int[] coefficients() {
    return new int[] {C1, C2, C3, C4, C5, C6};
  }

  /**
   * The weight of a distance: 2⁴⁴ · 2^(−q/2²⁴), rounded down, which never rises with q.
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
   * A part of a sum of weights, rounded up, and so at least 1.
   *
   * @param sum 1 to 2⁶² − 1
   * @param fraction the part in units of 2⁻³⁰, 1 to 2³⁰
   */
  public static long fractionOf(long sum, int fraction) {
    long high = (sum >> FRACTION_BITS) * fraction;
    long low = ((sum & FRACTION_MASK) * fraction + FRACTION_MASK) >> FRACTION_BITS;
    return high + low;
  }

  /**
   * Where in a sum of weights a random number points: the sum times r · 2⁻²⁴, rounded down.
   *
   * @param sum 1 to 2⁶² − 1
   * @param r 0 to 2²⁴ − 1
   * @return less than the sum
   */
  public static long drawPoint(long sum, int r) {
    return (sum >> 24) * r + (((sum & 0xFFFFFF) * r) >> 24);
  }
}
