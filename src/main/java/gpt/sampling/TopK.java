package gpt.sampling;

import java.util.Arrays;

/**
 * Finds the k-th largest of many floats by radix select: 10, 11 and 11 bits of an order-preserving
 * integer, one counting pass each. Three passes whatever the numbers are, and no sorting.
 */
final class TopK {
  private static final int BUCKETS = 1 << 11;

  private final int k;
  private final int[] counts = new int[BUCKETS];

  /**
   * A finder.
   *
   * @param k at least 1
   */
  TopK(int k) {
    this.k = k;
  }

  /**
   * The k-th largest of the first n logits.
   *
   * @param logits without NaN
   * @param n at least k
   */
  float threshold(float[] logits, int n) {
    int key = 0; // the answer's key, as far as it is known
    int known = 0; // a mask of the known bits
    int rank = k; // the answer is the rank-th largest of the keys that agree with it
    for (int shift = 22; shift >= 0; shift -= 11) {
      count(logits, n, key, known, shift);
      int bucket = BUCKETS - 1;
      while (counts[bucket] < rank) {
        rank -= counts[bucket--];
      }
      key |= bucket << shift;
      known |= (BUCKETS - 1) << shift;
    }
    return Float.intBitsToFloat(key ^ (~(key >> 31) | 0x80000000));
  }

  /** Counts the keys that agree with {@code key} in the known bits, by the bits from shift on. */
  private void count(float[] logits, int n, int key, int known, int shift) {
    Arrays.fill(counts, 0);
    for (int i = 0; i < n; i++) {
      int bits = Float.floatToRawIntBits(logits[i]);
      // Unsigned, these keys have the order of the floats.
      int each = bits ^ ((bits >> 31) | 0x80000000);
      if (((each ^ key) & known) == 0) {
        counts[(each >>> shift) & (BUCKETS - 1)]++;
      }
    }
  }
}
