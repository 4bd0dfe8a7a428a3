package gpt.kernels.sampling;

import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Version;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task10;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * The second half of a radix select: sums the histograms of {@link Tally} over the chunks, and picks the
 * digit at which the running sum over the bins reaches what remains of the target:
 *
 *   d = min { d : Σ_{e ≤ d} Σ_g histogram[b, g, e] ≥ remaining }
 *   remaining −= Σ_{e < d} Σ_g histogram[b, g, e],   key = key · bins + d
 *
 * The target is computed at the first digit, whose histogram covers every token that the earlier filters
 * keep. It is k for top-k, the fraction p of the sum of the weights for top-p and typical-p, or, for the
 * draw, the point in the cumulative sum that the random number selects. After the last digit, the key and
 * the id are the filter's threshold; for the draw, the id is the drawn token.
 *
 * shapes    histogram (B, G, bins), 64-bit integers in two ints · state (B, STATE_SIZE)
 * bound     launch-bound: 8·G·bins bytes a row, 25 kB for GPT-2 with 6-bit digits
 * threads   the sums of the bins are independent; the scan over the bins is sequential
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one row a work item.
 *   <li>{@code samplePerThread}: the same with an explicit grid.
 *   <li>{@code samplePerGroup}: one row a workgroup of 64. Each lane sums one bin over the chunks;
 *       lane 0 then scans the bins.
 * </ul>
 *
 * <p>Test: {@code SamplingTest}. Benchmark: {@code scripts/bench --operations select-digit}.
 */
public final class SelectDigit {
  private static final int GROUP = 64;

  /**
   * Arguments of a launch.
   *
   * @param pass see {@link Pass}
   * @param slotOf slot of each row, whose parameters apply (B)
   * @param parameters (slots, PARAMETERS); see {@link Sampling}
   * @param histogram (B, G, bins), from {@link Tally}
   * @param state (B, {@link Sampling#STATE_SIZE}): the digits found so far, then the result
   * @param samples B, rows that the grid is made for
   * @param layout chunks of the vocabulary
   * @param kind which radix select: {@link Sampling#KIND_TOP_K} and so on
   * @param level which digit; see {@link Sampling.Layout}
   */
  public record Arguments(
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray histogram,
      IntArray state,
      int samples,
      Sampling.Layout layout,
      int kind,
      int level) {

    /** The flags of the digit: the sum of those constants below that apply. */
    private int flags() {
      int flags = 0;
      if (level == layout.firstLevel(kind)) {
        flags += FIRST_DIGIT;
      }
      if (level >= layout.keyLevels()) {
        flags += ID_DIGIT;
      }
      if (level == layout.lastLevel(kind)) {
        flags += LAST_DIGIT;
      }
      return flags;
    }
  }

  /** Flag: the target must be computed. */
  private static final int FIRST_DIGIT = 1;

  /** Flag: the digit is one of the id, not of the key. */
  private static final int ID_DIGIT = 2;

  /** Flag: the threshold is complete. */
  private static final int LAST_DIGIT = 4;

  /** One row a work item. */
  public static final Version<Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(
                  id,
                  SelectDigit::naive,
                  a.pass,
                  a.slotOf,
                  a.parameters,
                  a.histogram,
                  a.state,
                  a.samples,
                  a.layout.chunks(),
                  a.layout.digitBits(),
                  a.kind,
                  a.flags()));

  /** One row a work item. */
  public static final Version<Arguments> SAMPLE_PER_THREAD =
      version("samplePerThread", Version.Target.CPU, SelectDigit::samplePerThread, 1);

  /** One row a workgroup. */
  public static final Version<Arguments> SAMPLE_PER_GROUP =
      version("samplePerGroup", Version.Target.GPU, SelectDigit::samplePerGroup, GROUP);

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS =
      List.of(NAIVE, SAMPLE_PER_THREAD, SAMPLE_PER_GROUP);

  private SelectDigit() {}

  private static Version<Arguments> version(
      String name,
      Version.Target target,
      Task10<
              KernelContext,
              IntArray,
              IntArray,
              IntArray,
              IntArray,
              IntArray,
              Integer,
              Integer,
              Integer,
              Integer>
          kernel,
      int group) {
    return new Version<>(
        name,
        target,
        (graph, id, a) ->
            graph.task(
                id,
                kernel,
                new KernelContext(),
                a.pass,
                a.slotOf,
                a.parameters,
                a.histogram,
                a.state,
                a.layout.chunks(),
                a.layout.digitBits(),
                a.kind,
                a.flags()),
        (a, rows) -> Version.groups(rows, group));
  }

  static void naive(
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray histogram,
      IntArray state,
      int samples,
      int chunks,
      int digitBits,
      int kind,
      int flags) {
    for (@Parallel int b = 0; b < samples; b++) {
      if (b < Sampling.rows(kind, pass)) {
        long total = total(b, histogram, chunks, digitBits);
        long remaining = remaining(b, total, kind, flags, slotOf.get(b), parameters, state);
        findDigit(b, remaining, histogram, chunks, digitBits, kind, flags, state);
      }
    }
  }

  static void samplePerThread(
      KernelContext context,
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray histogram,
      IntArray state,
      int chunks,
      int digitBits,
      int kind,
      int flags) {
    int b = context.globalIdx;
    if (b < Sampling.rows(kind, pass)) {
      long total = total(b, histogram, chunks, digitBits);
      long remaining = remaining(b, total, kind, flags, slotOf.get(b), parameters, state);
      findDigit(b, remaining, histogram, chunks, digitBits, kind, flags, state);
    }
  }

  // Split into small methods: TornadoVM inlines no method of more than 600 nodes.

  /** The sum of all bins. */
  private static long total(int b, IntArray histogram, int chunks, int digitBits) {
    long total = 0;
    for (int bin = 0; bin < 1 << digitBits; bin++) {
      total += binSum(b, bin, histogram, chunks, digitBits);
    }
    return total;
  }

  /** One bin's sum over the chunks. */
  private static long binSum(int b, int bin, IntArray histogram, int chunks, int digitBits) {
    int bins = 1 << digitBits;
    long sum = 0;
    for (int g = 0; g < chunks; g++) {
      sum += FixedPoint.getLong(histogram, 2 * (bins * (chunks * b + g) + bin));
    }
    return sum;
  }

  /** Scans the bins up to the one at which the running sum reaches the target. */
  private static void findDigit(
      int b,
      long target,
      IntArray histogram,
      int chunks,
      int digitBits,
      int kind,
      int flags,
      IntArray state) {
    long remaining = target;
    int digit = 0;
    long sum = binSum(b, 0, histogram, chunks, digitBits);
    while (sum < remaining) {
      remaining -= sum;
      digit++;
      sum = binSum(b, digit, histogram, chunks, digitBits);
    }
    storeDigit(b, digit, remaining, digitBits, kind, flags, state);
  }

  static void samplePerGroup(
      KernelContext context,
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray histogram,
      IntArray state,
      int chunks,
      int digitBits,
      int kind,
      int flags) {
    long[] totals = context.allocateLongLocalArray(GROUP);
    int b = context.groupIdx;
    int lane = context.localIdx;
    if (b < Sampling.rows(kind, pass)) {
      int bins = 1 << digitBits;
      long binTotal = 0;
      if (lane < bins) {
        binTotal = binSum(b, lane, histogram, chunks, digitBits);
      }
      totals[lane] = binTotal;
      context.localBarrier();
      if (lane == 0) {
        long total = 0;
        for (int bin = 0; bin < GROUP; bin++) {
          total += totals[bin];
        }
        long remaining = remaining(b, total, kind, flags, slotOf.get(b), parameters, state);
        int digit = 0;
        long sum = totals[0];
        while (sum < remaining) {
          remaining -= sum;
          digit++;
          sum = totals[digit];
        }
        storeDigit(b, digit, remaining, digitBits, kind, flags, state);
      }
    }
  }

  /** What remains of the target after the digits found so far; 0 if the filter is off. */
  private static long remaining(
      int b, long total, int kind, int flags, int slot, IntArray parameters, IntArray state) {
    int at = b * Sampling.STATE_SIZE;
    long remaining = 0;
    if ((flags & FIRST_DIGIT) == FIRST_DIGIT) {
      if (total > 0) {
        remaining = target(total, kind, slot * Sampling.PARAMETERS, parameters);
      }
    } else {
      remaining = FixedPoint.getLong(state, at + Sampling.REMAINING);
    }
    return remaining;
  }

  /** The target of a kind, from the sum of all bins; 0 if the filter is off. */
  private static long target(long total, int kind, int p, IntArray parameters) {
    long target = 0;
    if (kind == Sampling.KIND_LOGPROBS) {
      target = Math.min(total, parameters.get(p + Sampling.LOGPROBS));
    }
    if (kind == Sampling.KIND_TOP_K) {
      int k = parameters.get(p + Sampling.TOP_K);
      if (k < total) {
        target = k;
      }
    }
    if (kind == Sampling.KIND_TOP_P) {
      target = share(total, parameters.get(p + Sampling.TOP_P));
    }
    if (kind == Sampling.KIND_TYPICAL_P) {
      target = share(total, parameters.get(p + Sampling.TYPICAL_P));
    }
    if (kind == Sampling.KIND_DRAW) {
      int random =
          FixedPoint.random(
              parameters.get(p + Sampling.SEED_LOW),
              parameters.get(p + Sampling.SEED_HIGH),
              parameters.get(p + Sampling.SAMPLE),
              parameters.get(p + Sampling.STEP));
      // The running sum must exceed the point.
      target = FixedPoint.drawPoint(total, random) + 1;
    }
    return target;
  }

  /**
   * A fraction of the sum of the weights, rounded up; 0 if the fraction is 1 and the filter off.
   */
  private static long share(long total, int fraction) {
    long share = 0;
    if (fraction < Sampling.FRACTION_ONE) {
      share = FixedPoint.fractionOf(total, fraction);
    }
    return share;
  }

  /** Appends a digit to the key or id; after the last one, stores them as the kind's threshold. */
  private static void storeDigit(
      int b, int digit, long remaining, int digitBits, int kind, int flags, IntArray state) {
    int at = b * Sampling.STATE_SIZE;
    int place = at + Sampling.KEY_PREFIX;
    if ((flags & ID_DIGIT) == ID_DIGIT) {
      place = at + Sampling.ID_PREFIX;
    }
    int digits = (state.get(place) << digitBits) | digit;
    state.set(place, digits);
    FixedPoint.setLong(state, at + Sampling.REMAINING, remaining);
    if ((flags & LAST_DIGIT) == LAST_DIGIT) {
      if (remaining > 0) {
        state.set(at + 2 * kind, state.get(at + Sampling.KEY_PREFIX));
        if ((flags & ID_DIGIT) == ID_DIGIT) {
          state.set(at + 2 * kind + 1, digits);
        }
      }
      state.set(at + Sampling.KEY_PREFIX, 0);
      state.set(at + Sampling.ID_PREFIX, 0);
    }
  }
}
