package gpt.sampling;

import java.util.Arrays;

/**
 * Finds where a running sum reaches a target when ids are taken in the order of their keys, without
 * sorting them: the sums of 2¹⁰ ranges of keys show the range in which it does, then those of 2¹⁰
 * parts of that range, and so on. One pass for every 10 bits, whatever the keys are.
 */
final class RadixSelect {
  private static final int DIGIT = 10;
  private static final int BUCKETS = 1 << DIGIT;

  private final long[] sums = new long[BUCKETS];

  /** Sum of what comes before the key that was found. */
  private long before;

  /**
   * The key at which the number of ids with that key or a smaller one reaches k.
   *
   * @param keys ids with a key of 2³⁰ do not count; no key is less than 0 or more than that (V)
   * @param k at least 1, at most the number of ids that count
   */
  int kthSmallest(int[] keys, int k) {
    return find(keys, null, k);
  }

  /**
   * The key at which the weights of ids with that key or a smaller one reach a target.
   *
   * @param keys as above (V)
   * @param weights at least 0, of an id that does not count 0 (V)
   * @param target at least 1, at most the sum of all weights
   */
  int keyReaching(int[] keys, long[] weights, long target) {
    return find(keys, weights, target);
  }

  /** The weights, or the number, of the ids with a key smaller than the one that was found. */
  long before() {
    return before;
  }

  private int find(int[] keys, long[] weights, long target) {
    int key = 0; // the upper bits of the answer, as far as they are known
    long rest = target;
    for (int shift = 2 * DIGIT; shift >= 0; shift -= DIGIT) {
      sum(keys, weights, key, shift);
      int bucket = 0;
      while (sums[bucket] < rest) {
        rest -= sums[bucket++];
      }
      key = (key << DIGIT) | bucket;
    }
    before = target - rest;
    return key;
  }

  /** Sums up the ids whose keys have the known upper bits, by the ten bits below those. */
  private void sum(int[] keys, long[] weights, int upper, int shift) {
    Arrays.fill(sums, 0);
    for (int id = 0; id < keys.length; id++) {
      int digits = (keys[id] >> shift) - (upper << DIGIT);
      if (digits >= 0 && digits < BUCKETS) {
        sums[digits] += weights == null ? 1 : weights[id];
      }
    }
  }
}
