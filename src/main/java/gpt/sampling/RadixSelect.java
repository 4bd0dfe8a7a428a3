package gpt.sampling;

import java.util.Arrays;

/**
 * Finds the key at which a running sum reaches a target when tokens are taken in ascending order of
 * their keys, without sorting them. A histogram of the upper 10 bits of the keys gives the bin that
 * contains the answer, a histogram of the next 10 bits of the keys in that bin the next digit, and
 * so on: one pass over the keys for each digit, whatever their values.
 */
final class RadixSelect {
  private static final int DIGIT_BITS = 10;
  private static final int BINS = 1 << DIGIT_BITS;

  private final long[] sums = new long[BINS];

  /** The sum over the keys below the one found. */
  private long before;

  /**
   * The k-th smallest key.
   *
   * @param keys from 0 to 2³⁰; tokens with a key of 2³⁰ are masked and not counted (V)
   * @param k from 1 to the number of tokens that are not masked
   */
  int kthSmallest(int[] keys, int k) {
    return find(keys, null, k);
  }

  /**
   * The smallest key for which the weights of all tokens with that key or a smaller one reach a
   * target.
   *
   * @param keys as above (V)
   * @param weights at least 0; 0 for masked tokens (V)
   * @param target from 1 to the sum of all weights
   */
  int keyReaching(int[] keys, long[] weights, long target) {
    return find(keys, weights, target);
  }

  /** The sum of the weights, or the number, of the tokens with a smaller key than the one found. */
  long before() {
    return before;
  }

  private int find(int[] keys, long[] weights, long target) {
    int key = 0; // the digits found so far
    long remaining = target;
    for (int shift = 2 * DIGIT_BITS; shift >= 0; shift -= DIGIT_BITS) {
      fillHistogram(keys, weights, key, shift);
      int bin = 0;
      while (sums[bin] < remaining) {
        remaining -= sums[bin++];
      }
      key = (key << DIGIT_BITS) | bin;
    }
    before = target - remaining;
    return key;
  }

  /** The histogram of the next digit, over the keys that start with the digits found so far. */
  private void fillHistogram(int[] keys, long[] weights, int prefix, int shift) {
    Arrays.fill(sums, 0);
    for (int id = 0; id < keys.length; id++) {
      int digits = (keys[id] >> shift) - (prefix << DIGIT_BITS);
      if (digits >= 0 && digits < BINS) {
        sums[digits] += weights == null ? 1 : weights[id];
      }
    }
  }
}
