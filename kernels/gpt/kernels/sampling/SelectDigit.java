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
 * The other half of a search's digit: adds up the chunks' sums of {@link Tally} and finds the digit at
 * which, from 0 on, they reach what is left of the target,
 *
 *   d = min { d : Σ_{e ≤ d} Σ_g sums[b, g, e] ≥ rest },  rest −= Σ_{e < d} …,  key = key · bins + d
 *
 * The first digit's sums are of all ids that are in, so the target comes from them: k, the part p of
 * the weights, or the point in them that the random number is. The last digit's answer is where the
 * step cuts, or the id that is drawn.
 *
 * shapes    sums (B, G, bins), 64-bit integers in two ints · cuts (B, CUTS)
 * bound     memory: 8·G·bins bytes a sample
 * threads   a sample is one search; the sums of different digits are independent
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one sample a work item.
 *   <li>{@code samplePerThread}: the same with a grid.
 *   <li>{@code samplePerGroup}: one sample a workgroup of 64, one digit a lane; one lane then walks
 *       through the digits.
 * </ul>
 *
 * <p>Test: {@code SamplingTest}. Benchmark: {@code scripts/bench --operations select-digit}.
 */
public final class SelectDigit {
  private static final int GROUP = 64;

  /**
   * What a launch takes.
   *
   * @param pass see {@link Pass}
   * @param slotOf the slot of each row, whose parameters it is drawn with (B)
   * @param parameters of the slots; see {@link Sampling}
   * @param sums (B, G, bins), from {@link Tally}
   * @param cuts (B, {@link Sampling#CUTS}), where the search's state and its result are
   * @param samples B
   * @param layout how V is shared out
   * @param kind what is searched for
   * @param level which digit
   */
  public record Arguments(
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray sums,
      IntArray cuts,
      int samples,
      Sampling.Layout layout,
      int kind,
      int level) {

    private int part() {
      int part = 0;
      if (level == layout.firstLevel(kind)) {
        part += FIRST;
      }
      if (level >= layout.keyLevels()) {
        part += OF_ID;
      }
      if (level == layout.lastLevel(kind)) {
        part += LAST;
      }
      return part;
    }
  }

  private static final int FIRST = 1;
  private static final int OF_ID = 2;
  private static final int LAST = 4;

  /** One sample a work item. */
  public static final Version<Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(
                  id,
                  SelectDigit::naive,
                  a.pass,
                  a.slotOf,
                  a.parameters,
                  a.sums,
                  a.cuts,
                  a.samples,
                  a.layout.chunks(),
                  a.layout.digit(),
                  a.kind,
                  a.part()));

  /** One sample a work item. */
  public static final Version<Arguments> SAMPLE_PER_THREAD =
      version("samplePerThread", Version.Target.CPU, SelectDigit::samplePerThread, 1);

  /** One sample a workgroup. */
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
                a.sums,
                a.cuts,
                a.layout.chunks(),
                a.layout.digit(),
                a.kind,
                a.part()),
        (a, rows) -> Version.groups(rows, group));
  }

  static void naive(
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray sums,
      IntArray cuts,
      int samples,
      int chunks,
      int digit,
      int kind,
      int part) {
    for (@Parallel int b = 0; b < samples; b++) {
      if (b < Sampling.rows(kind, pass)) {
        long total = total(b, sums, chunks, digit);
        long rest = rest(b, total, kind, part, slotOf.get(b), parameters, cuts);
        walk(b, rest, sums, chunks, digit, kind, part, cuts);
      }
    }
  }

  static void samplePerThread(
      KernelContext context,
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray sums,
      IntArray cuts,
      int chunks,
      int digit,
      int kind,
      int part) {
    int b = context.globalIdx;
    if (b < Sampling.rows(kind, pass)) {
      long total = total(b, sums, chunks, digit);
      long rest = rest(b, total, kind, part, slotOf.get(b), parameters, cuts);
      walk(b, rest, sums, chunks, digit, kind, part, cuts);
    }
  }

  // Not one method: the compiler inlines no method of more than 600 nodes.

  /** Sum of all chunks' sums. */
  private static long total(int b, IntArray sums, int chunks, int digit) {
    long total = 0;
    for (int bin = 0; bin < 1 << digit; bin++) {
      total += sum(b, bin, sums, chunks, digit);
    }
    return total;
  }

  /** One digit's sum over the chunks. */
  private static long sum(int b, int bin, IntArray sums, int chunks, int digit) {
    int bins = 1 << digit;
    long sum = 0;
    for (int g = 0; g < chunks; g++) {
      sum += Sampling.wide(sums, 2 * (bins * (chunks * b + g) + bin));
    }
    return sum;
  }

  private static void walk(
      int b, long target, IntArray sums, int chunks, int digit, int kind, int part, IntArray cuts) {
    long rest = target;
    int found = 0;
    long sum = sum(b, 0, sums, chunks, digit);
    while (sum < rest) {
      rest -= sum;
      found++;
      sum = sum(b, found, sums, chunks, digit);
    }
    conclude(b, found, rest, digit, kind, part, cuts);
  }

  static void samplePerGroup(
      KernelContext context,
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray sums,
      IntArray cuts,
      int chunks,
      int digit,
      int kind,
      int part) {
    long[] totals = context.allocateLongLocalArray(GROUP);
    int b = context.groupIdx;
    int lane = context.localIdx;
    if (b < Sampling.rows(kind, pass)) {
      int bins = 1 << digit;
      long mine = 0;
      if (lane < bins) {
        mine = sum(b, lane, sums, chunks, digit);
      }
      totals[lane] = mine;
      context.localBarrier();
      if (lane == 0) {
        long total = 0;
        for (int bin = 0; bin < GROUP; bin++) {
          total += totals[bin];
        }
        long rest = rest(b, total, kind, part, slotOf.get(b), parameters, cuts);
        int found = 0;
        long sum = totals[0];
        while (sum < rest) {
          rest -= sum;
          found++;
          sum = totals[found];
        }
        conclude(b, found, rest, digit, kind, part, cuts);
      }
    }
  }

  /** What is searched for among the sums; 0 where the search is off. */
  private static long rest(
      int b, long total, int kind, int part, int slot, IntArray parameters, IntArray cuts) {
    int at = b * Sampling.CUTS;
    long rest = 0;
    if ((part & FIRST) == FIRST) {
      if (total > 0) {
        rest = target(total, kind, slot * Sampling.PARAMETERS, parameters);
      }
    } else {
      rest = Sampling.wide(cuts, at + Sampling.REST);
    }
    return rest;
  }

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
      target = part(total, parameters.get(p + Sampling.TOP_P));
    }
    if (kind == Sampling.KIND_TYPICAL_P) {
      target = part(total, parameters.get(p + Sampling.TYPICAL_P));
    }
    if (kind == Sampling.KIND_DRAW) {
      int random =
          Sampling.random(
              parameters.get(p + Sampling.SEED_LOW),
              parameters.get(p + Sampling.SEED_HIGH),
              parameters.get(p + Sampling.SAMPLE),
              parameters.get(p + Sampling.STEP));
      // The sum must exceed the point.
      target = Sampling.pointIn(total, random) + 1;
    }
    return target;
  }

  /** A fraction of the weights; 0 where it is all of them, and the step off. */
  private static long part(long total, int fraction) {
    long part = 0;
    if (fraction < Sampling.WHOLE) {
      part = Sampling.fractionOf(total, fraction);
    }
    return part;
  }

  /** Keeps what was found; after the last digit, as the kind's result. */
  private static void conclude(
      int b, int found, long rest, int digit, int kind, int part, IntArray cuts) {
    int at = b * Sampling.CUTS;
    int place = at + Sampling.KEY;
    if ((part & OF_ID) == OF_ID) {
      place = at + Sampling.ID;
    }
    int digits = (cuts.get(place) << digit) | found;
    cuts.set(place, digits);
    Sampling.setWide(cuts, at + Sampling.REST, rest);
    if ((part & LAST) == LAST) {
      if (rest > 0) {
        cuts.set(at + 2 * kind, cuts.get(at + Sampling.KEY));
        if ((part & OF_ID) == OF_ID) {
          cuts.set(at + 2 * kind + 1, digits);
        }
      }
      cuts.set(at + Sampling.KEY, 0);
      cuts.set(at + Sampling.ID, 0);
    }
  }
}
