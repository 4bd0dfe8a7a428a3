package gpt.kernels.sampling;

import gpt.kernels.runtime.Sampling;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * Finds a threshold among the tokens of a row without sorting them. A token's place is an integer: its
 * key in the upper bits, and its id in the lower 18 to break ties. Taken by ascending place, the tokens'
 * amounts add up; the threshold is the place of the token at which the sum reaches a target:
 *
 *   threshold = min { place : Σ_{places ≤ place} amount ≥ target }
 *
 *   purpose                 key           amount   target
 *   log-probabilities       q             1        n
 *   top-k                   q             1        k
 *   top-p                   q             weight   p · sum of the weights
 *   typical-p               |q − mean q|  weight   p · sum of the weights
 *   draw                    none          weight   random number · sum of the weights, exceeded
 *
 * The threshold is found digit by digit, the most significant first. A histogram adds up the amounts by
 * the next digit, over the tokens whose place starts with the digits found so far:
 *
 *   d = min { d : Σ_{e ≤ d} histogram[e] ≥ target }
 *   target −= Σ_{e ≤ d − 1} histogram[e],   digits = digits · bins + d
 *
 * If a single token starts with the digits, it is the one, and the remaining digits are skipped.
 *
 * example   the third smallest of 12, 47, 15, 11, in decimal digits: the histogram of first digits has 3 at 1
 *           and 1 at 4, so its first digit is 1 and the target stays 3; of 12, 15 and 11 the second digits
 *           1, 2, 5 have 1 each, so the running sum reaches 3 at 5: it is 15
 * </pre>
 *
 * <p>The histogram is in local memory and has a column for each work item, since TornadoVM has no
 * 64-bit atomics; a tree reduction as in {@link Workgroup} sums the columns. Digits have 3 bits
 * with 256 work items (20 KB, up to 16 passes over the distances, 6 for a typical top-k), and 10
 * bits with a single one, on a CPU (up to 5 passes).
 *
 * <p>Read before: {@link SamplingChain}, {@link Workgroup}. After: {@link FixedPoint}.
 *
 * <p>Source: radix select, as in Alabi and others, 2012.
 */
final class RadixSelect {
  // Purposes, in the order of the chain.

  /** The likeliest tokens, whose log-probabilities are returned. */
  static final int LOGPROBS = 0;

  /** Top-k. */
  static final int TOP_K = 1;

  /** Top-p. */
  static final int TOP_P = 2;

  /** Typical-p. */
  static final int TYPICAL_P = 3;

  /** The draw. */
  static final int DRAW = 4;

  /** Loads in flight: distances that a work item reads before it looks at the first. */
  static final int LOADS = 8;

  /** Bits of a token id; see {@link Sampling#MAX_VOCAB_SIZE}. */
  private static final int ID_BITS = 18;

  /** Mask of the id in a place. */
  private static final long ID_MASK = (1 << ID_BITS) - 1;

  /** Bits of a place: keys are below 2³⁰. */
  private static final int PLACE_BITS = 30 + ID_BITS;

  /** Threshold that keeps all tokens that are not masked. */
  static final long ALL = (1L << PLACE_BITS) - 1;

  /** Elements of the histogram: 8 bins of 256 columns and two more rows, or 1024 bins of one. */
  private static final int COLUMNS = (8 + 2) * Workgroup.MAX;

  private static final int FAN = Workgroup.FAN;

  private RadixSelect() {}

  /** The place of a token with this key. */
  static long place(int key, int id) {
    return ((long) key << ID_BITS) | id;
  }

  /** The last place with the same key. */
  static long lastOfKey(long place) {
    return place | ID_MASK;
  }

  /** The key that a purpose orders tokens by. */
  static int key(int purpose, int q, int mean) {
    int key = q;
    if (purpose == TYPICAL_P) {
      key = q - mean;
      if (q < mean) {
        key = mean - q;
      }
    }
    if (purpose == DRAW) {
      key = 0;
    }
    return key;
  }

  /** A row's distance; masked beyond the end of the vocabulary. */
  static int distance(IntArray distances, int row, int id, int vocabSize) {
    int q = Sampling.MASKED_DISTANCE;
    if (id < vocabSize) {
      q = distances.get(row + id);
    }
    return q;
  }

  /**
   * Finds a threshold.
   *
   * @param distances those of the row start at index {@code row}; each work item reads the elements
   *     lane, lane + group, …
   * @param mean the mean of the distances, for typical-p
   * @param last only tokens up to this place by their distance count
   * @param setting n, k, p in units of 2⁻³⁰, or the random number in units of 2⁻²⁴
   * @param group number of work items: 1 or {@link Workgroup#MAX}
   * @return the place of the threshold's token
   */
  static long threshold(
      KernelContext context,
      IntArray distances,
      int row,
      int vocabSize,
      int purpose,
      int mean,
      long last,
      int setting,
      int group) {
    long[] sums = context.allocateLongLocalArray(COLUMNS); // (bins + 2, group)
    int[] loaded = new int[LOADS];
    int lane = context.localIdx;
    int digitBits = 3;
    if (group == 1) {
      digitBits = 10;
    }
    int bins = 1 << digitBits;
    int bits = PLACE_BITS;
    if (purpose == DRAW) {
      bits = ID_BITS;
    }
    int firstShift = (bits - 1) / digitBits * digitBits;
    long digits = 0;
    long target = 0;
    for (int shift = firstShift; shift >= 0; shift -= digitBits) {
      // The histogram of the next digit, the number of tokens in it, and the sum of their places.
      context.localBarrier(); // after reading the last digit's histogram
      for (int bin = 0; bin < bins; bin++) {
        sums[bin * group + lane] = 0;
      }
      long tokens = 0;
      long places = 0;
      for (int tile = lane; tile < vocabSize; tile += LOADS * group) {
        for (int i = 0; i < LOADS; i++) {
          loaded[i] = distance(distances, row, tile + i * group, vocabSize);
        }
        for (int i = 0; i < LOADS; i++) {
          int q = loaded[i];
          int id = tile + i * group;
          if (place(q, id) <= last) {
            long place = place(key(purpose, q, mean), id);
            if ((place >> (shift + digitBits)) == digits) {
              int bin = (int) (place >> shift) & (bins - 1);
              sums[bin * group + lane] = sums[bin * group + lane] + amount(purpose, q);
              tokens += 1;
              places += place;
            }
          }
        }
      }
      sums[bins * group + lane] = tokens;
      sums[(bins + 1) * group + lane] = places;
      for (int width = group / FAN; width > 0; width = width / FAN) {
        context.localBarrier();
        for (int node = lane; node < (bins + 2) * width; node += group) {
          int first = node / width * group; // of the node's row
          int column = first + node % width;
          long sum = sums[column];
          for (int child = column + width; child < first + FAN * width; child += width) {
            sum += sums[child];
          }
          sums[column] = sum;
        }
      }
      context.localBarrier();
      // The digit at which the running sum reaches the target; all work items compute the same.
      if (shift == firstShift) {
        long total = 0;
        for (int bin = 0; bin < bins; bin++) {
          total += sums[bin * group];
        }
        target = target(purpose, total, setting);
      }
      int digit = 0;
      long sum = sums[0];
      while (sum < target) {
        target -= sum;
        digit++;
        sum = sums[digit * group];
      }
      digits = (digits << digitBits) | digit;
      if (sums[bins * group] == 1) {
        digits = sums[(bins + 1) * group];
        shift = 0;
      }
    }
    return digits;
  }

  /** Not Math.min: TornadoVM's OpenCL code calls min with a long and an int. */
  static long smaller(long a, long b) {
    long smaller = a;
    if (b < a) {
      smaller = b;
    }
    return smaller;
  }

  /** What a token adds to the sum. */
  private static long amount(int purpose, int q) {
    long amount = 1;
    if (purpose > TOP_K) {
      amount = FixedPoint.weight(q);
    }
    return amount;
  }

  /** The target, from the sum over all tokens. */
  private static long target(int purpose, long total, int setting) {
    long target = smaller(total, setting);
    if (purpose == TOP_P) {
      target = FixedPoint.fractionOf(total, setting);
    }
    if (purpose == TYPICAL_P) {
      target = FixedPoint.fractionOf(total, setting);
    }
    if (purpose == DRAW) {
      target = FixedPoint.drawPoint(total, setting) + 1; // the sum must exceed the point
    }
    return target;
  }
}
