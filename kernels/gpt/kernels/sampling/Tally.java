package gpt.kernels.sampling;

import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Version;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task13;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * One digit of a search over the vocabulary: the ids that the steps so far keep, and whose key begins
 * with the digits that are known, summed up by their next digit:
 *
 *   sums[b, g, d] = Σ of weight(q[b, id]), or of 1 where ids are counted, over ids of chunk g with digit d
 *
 * A key has 30 bits and, behind them, the id, which settles ties; a draw has the id alone.
 *
 * shapes    distances (B, V) · cuts (B, CUTS) · sums (B, G, bins), 64-bit integers in two ints
 * bound     memory: 4·V bytes a sample, and 8 a bin and chunk; one pass over the distances
 * threads   a chunk of the vocabulary has sums of its own, which {@link SelectDigit} adds up: there are no
 *           64-bit atomics, and no barrier between groups
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one chunk a work item.
 *   <li>{@code chunkPerThread}: the same with a grid. Few chunks and large digits suit it.
 *   <li>{@code chunkPerGroup}: one chunk a workgroup of 256. The lanes put their ids' digits and
 *       weights side by side into local memory, and one lane for each digit picks up what is its
 *       own; so a digit has 6 bits at most.
 * </ul>
 *
 * <p>Passes over the distances, of 6-bit digits and of 10-bit ones: top-k 5 and 3, top-p and
 * typical-p 8 and 5, the draw 3 and 2.
 *
 * <p>Source: radix select, as in Alabi and others, 2012. Test: {@code SamplingTest}. Benchmark:
 * {@code scripts/bench --operations tally}.
 */
public final class Tally {
  private static final int GROUP = 256;

  /**
   * What a launch takes.
   *
   * @param pass see {@link Pass}
   * @param slotOf the slot of each row, whose parameters it is drawn with (B)
   * @param parameters of the slots; see {@link Sampling}
   * @param distances (B, V), from {@link Distances}
   * @param cuts (B, {@link Sampling#CUTS}), what the search has found so far
   * @param sums (B, G, bins), the result
   * @param samples B
   * @param layout how V is shared out
   * @param kind what is searched for
   * @param level which digit
   */
  public record Arguments(
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray distances,
      IntArray cuts,
      IntArray sums,
      int samples,
      Sampling.Layout layout,
      int kind,
      int level) {

    private int shift() {
      return layout.shift(level);
    }

    /** 1 where the digit is one of the id's, and the whole key is known. */
    private int ofId() {
      return level < layout.keyLevels() ? 0 : 1;
    }
  }

  /** One chunk a work item. */
  public static final Version<Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(
                  id,
                  Tally::naive,
                  a.pass,
                  a.slotOf,
                  a.parameters,
                  a.distances,
                  a.cuts,
                  a.sums,
                  a.samples,
                  a.layout.vocabSize(),
                  a.layout.chunk(),
                  a.layout.digit(),
                  a.kind,
                  a.shift(),
                  a.ofId()));

  /** One chunk a work item. */
  public static final Version<Arguments> CHUNK_PER_THREAD =
      version("chunkPerThread", Version.Target.CPU, Tally::chunkPerThread, 1);

  /** One chunk a workgroup. */
  public static final Version<Arguments> CHUNK_PER_GROUP =
      version("chunkPerGroup", Version.Target.GPU, Tally::chunkPerGroup, GROUP);

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS =
      List.of(NAIVE, CHUNK_PER_THREAD, CHUNK_PER_GROUP);

  private Tally() {}

  private static Version<Arguments> version(
      String name,
      Version.Target target,
      Task13<
              KernelContext,
              IntArray,
              IntArray,
              IntArray,
              IntArray,
              IntArray,
              IntArray,
              Integer,
              Integer,
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
                a.distances,
                a.cuts,
                a.sums,
                a.layout.vocabSize(),
                a.layout.chunk(),
                a.layout.digit(),
                a.kind,
                a.shift(),
                a.ofId()),
        (a, rows) -> Version.groups(rows * a.layout.chunks(), group));
  }

  static void naive(
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray distances,
      IntArray cuts,
      IntArray sums,
      int samples,
      int vocabSize,
      int chunk,
      int digit,
      int kind,
      int shift,
      int ofId) {
    int chunks = (vocabSize + chunk - 1) / chunk;
    for (@Parallel int i = 0; i < samples * chunks; i++) {
      int b = i / chunks;
      if (b < Sampling.rows(kind, pass)) {
        int farthest = Sampling.farthest(parameters, slotOf.get(b));
        one(i, b, farthest, distances, cuts, sums, vocabSize, chunk, digit, kind, shift, ofId);
      }
    }
  }

  static void chunkPerThread(
      KernelContext context,
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray distances,
      IntArray cuts,
      IntArray sums,
      int vocabSize,
      int chunk,
      int digit,
      int kind,
      int shift,
      int ofId) {
    int chunks = (vocabSize + chunk - 1) / chunk;
    int i = context.globalIdx;
    int b = i / chunks;
    if (b < Sampling.rows(kind, pass)) {
      int farthest = Sampling.farthest(parameters, slotOf.get(b));
      one(i, b, farthest, distances, cuts, sums, vocabSize, chunk, digit, kind, shift, ofId);
    }
  }

  // Without the row's own parameters: no method of more than 600 nodes is inlined.

  private static void one(
      int i,
      int b,
      int farthest,
      IntArray distances,
      IntArray cuts,
      IntArray sums,
      int vocabSize,
      int chunk,
      int digit,
      int kind,
      int shift,
      int ofId) {
    int chunks = (vocabSize + chunk - 1) / chunk;
    int bins = 1 << digit;
    int at = b * Sampling.CUTS;
    int from = (i % chunks) * chunk;
    int end = Math.min(from + chunk, vocabSize);
    int sum = 2 * bins * i;
    for (int bin = 0; bin < 2 * bins; bin++) {
      sums.set(sum + bin, 0);
    }
    for (int id = from; id < end; id++) {
      int q = distances.get(b * vocabSize + id);
      int bin = bin(id, q, kind, shift, digit, ofId, farthest, cuts, at);
      if (bin >= 0) {
        long add = amount(kind, q);
        Sampling.setWide(sums, sum + 2 * bin, Sampling.wide(sums, sum + 2 * bin) + add);
      }
    }
  }

  static void chunkPerGroup(
      KernelContext context,
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray distances,
      IntArray cuts,
      IntArray sums,
      int vocabSize,
      int chunk,
      int digit,
      int kind,
      int shift,
      int ofId) {
    int[] digits = context.allocateIntLocalArray(GROUP);
    long[] weights = context.allocateLongLocalArray(GROUP);
    int chunks = (vocabSize + chunk - 1) / chunk;
    int i = context.groupIdx;
    int lane = context.localIdx;
    int b = i / chunks;
    if (b < Sampling.rows(kind, pass)) {
      int bins = 1 << digit;
      int at = b * Sampling.CUTS;
      int farthest = Sampling.farthest(parameters, slotOf.get(b));
      int from = (i % chunks) * chunk;
      int end = Math.min(from + chunk, vocabSize);
      long sum = 0;
      for (int tile = from; tile < end; tile += GROUP) {
        int id = tile + lane;
        int bin = -1;
        long add = 0;
        if (id < end) {
          int q = distances.get(b * vocabSize + id);
          bin = bin(id, q, kind, shift, digit, ofId, farthest, cuts, at);
          if (bin >= 0) {
            add = amount(kind, q);
          }
        }
        digits[lane] = bin;
        weights[lane] = add;
        context.localBarrier();
        if (lane < bins) {
          for (int other = 0; other < GROUP; other++) {
            if (digits[other] == lane) {
              sum += weights[other];
            }
          }
        }
        context.localBarrier();
      }
      if (lane < bins) {
        Sampling.setWide(sums, 2 * (bins * i + lane), sum);
      }
    }
  }

  private static long amount(int kind, int q) {
    long amount = 1;
    if (kind > Sampling.KIND_TOP_K) {
      amount = Sampling.weight(q);
    }
    return amount;
  }

  /** An id's digit, or −1 where it is out, or its key has other digits before. */
  private static int bin(
      int id,
      int q,
      int kind,
      int shift,
      int digit,
      int ofId,
      int farthest,
      IntArray cuts,
      int at) {
    int bin = -1;
    if (Sampling.kept(kind, id, q, farthest, cuts, at) == 1) {
      int key = Sampling.key(kind, q, cuts.get(at + Sampling.MEAN));
      int known = cuts.get(at + Sampling.KEY);
      int digits = key;
      if (ofId == 1) {
        digits = id;
        if (key == known) {
          known = cuts.get(at + Sampling.ID);
        } else {
          known = -1;
        }
      }
      if ((digits >> (shift + digit)) == known) {
        bin = (digits >> shift) & ((1 << digit) - 1);
      }
    }
    return bin;
  }
}
