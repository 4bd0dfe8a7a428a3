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
 * Computes the histogram of one digit of a radix select over the vocabulary. It covers the tokens that
 * the earlier filters keep and whose key starts with the digits found so far, and sums their weights by
 * their next digit:
 *
 *   histogram[b, g, d] = Σ weight(q[b, id])  over the ids of chunk g whose next digit is d
 *
 * The key is what a filter orders the tokens by, such as the distance q. It has 30 bits. The 18 bits of
 * the token id follow it and break ties; the draw uses the id alone. Top-k and the log-probabilities
 * count tokens: every weight is 1. {@link SelectDigit} then picks the digit.
 *
 * shapes    distances (B, V) · state (B, STATE_SIZE) · histogram (B, G, bins), 64-bit integers in two ints
 * bound     memory: 4·V bytes a row, and 8 for each bin and chunk; one pass over the distances
 * threads   each chunk of the vocabulary has its own histogram, and SelectDigit sums the chunks: a shared
 *           histogram would need 64-bit atomics, which TornadoVM does not have
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one chunk a work item.
 *   <li>{@code chunkPerThread}: the same with an explicit grid; for few large chunks and digits of
 *       10 bits.
 *   <li>{@code chunkPerGroup}: one chunk a workgroup of 256. It reads the chunk in tiles of 256
 *       tokens. Each lane writes the digit and the weight of one token to local memory; then lane d
 *       scans the tile and sums the weights of the tokens with digit d. That costs 256 steps a
 *       tile, but no atomics. A digit has at most 6 bits, since {@link SelectDigit} has one lane of
 *       64 for each bin.
 * </ul>
 *
 * <p>Each digit is one pass over the distances. With digits of 6 bits, top-k takes 5 passes, top-p
 * and typical-p 8 each, and the draw 3; with digits of 10 bits 3, 5 and 2.
 *
 * <p>Source: radix select, as in Alabi and others, 2012. Test: {@code SamplingTest}. Benchmark:
 * {@code scripts/bench --operations tally,tally-large-digits}.
 */
public final class Tally {
  private static final int GROUP = 256;

  /**
   * Arguments of a launch.
   *
   * @param pass see {@link Pass}
   * @param slotOf slot of each row, whose parameters apply (B)
   * @param parameters (slots, PARAMETERS); see {@link Sampling}
   * @param distances (B, V), from {@link Distances}
   * @param state (B, {@link Sampling#STATE_SIZE}): the thresholds of earlier filters and the digits
   *     found so far
   * @param histogram (B, G, bins), the result
   * @param samples B, rows that the grid is made for
   * @param layout chunks of the vocabulary
   * @param kind which radix select: {@link Sampling#KIND_TOP_K} and so on
   * @param level which digit; see {@link Sampling.Layout}
   */
  public record Arguments(
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray distances,
      IntArray state,
      IntArray histogram,
      int samples,
      Sampling.Layout layout,
      int kind,
      int level) {

    private int shift() {
      return layout.shift(level);
    }

    /** 1 if the digit belongs to the id, that is, the whole key has been found; else 0. */
    private int idDigit() {
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
                  a.state,
                  a.histogram,
                  a.samples,
                  a.layout.vocabSize(),
                  a.layout.chunk(),
                  a.layout.digitBits(),
                  a.kind,
                  a.shift(),
                  a.idDigit()));

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
                a.state,
                a.histogram,
                a.layout.vocabSize(),
                a.layout.chunk(),
                a.layout.digitBits(),
                a.kind,
                a.shift(),
                a.idDigit()),
        (a, rows) -> Version.groups(rows * a.layout.chunks(), group));
  }

  static void naive(
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray distances,
      IntArray state,
      IntArray histogram,
      int samples,
      int vocabSize,
      int chunk,
      int digitBits,
      int kind,
      int shift,
      int idDigit) {
    int chunks = (vocabSize + chunk - 1) / chunk;
    for (@Parallel int i = 0; i < samples * chunks; i++) {
      int b = i / chunks;
      if (b < Sampling.rows(kind, pass)) {
        int minPLimit = Sampling.minPLimit(parameters, slotOf.get(b));
        countChunk(
            i, b, minPLimit, distances, state, histogram, vocabSize, chunk, digitBits, kind, shift,
            idDigit);
      }
    }
  }

  static void chunkPerThread(
      KernelContext context,
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray distances,
      IntArray state,
      IntArray histogram,
      int vocabSize,
      int chunk,
      int digitBits,
      int kind,
      int shift,
      int idDigit) {
    int chunks = (vocabSize + chunk - 1) / chunk;
    int i = context.globalIdx;
    int b = i / chunks;
    if (b < Sampling.rows(kind, pass)) {
      int minPLimit = Sampling.minPLimit(parameters, slotOf.get(b));
      countChunk(
          i, b, minPLimit, distances, state, histogram, vocabSize, chunk, digitBits, kind, shift,
          idDigit);
    }
  }

  // The caller reads the row's parameters: TornadoVM inlines no method of more than 600 nodes.

  private static void countChunk(
      int i,
      int b,
      int minPLimit,
      IntArray distances,
      IntArray state,
      IntArray histogram,
      int vocabSize,
      int chunk,
      int digitBits,
      int kind,
      int shift,
      int idDigit) {
    int chunks = (vocabSize + chunk - 1) / chunk;
    int bins = 1 << digitBits;
    int at = b * Sampling.STATE_SIZE;
    int from = (i % chunks) * chunk;
    int end = Math.min(from + chunk, vocabSize);
    int base = 2 * bins * i;
    for (int bin = 0; bin < 2 * bins; bin++) {
      histogram.set(base + bin, 0);
    }
    for (int id = from; id < end; id++) {
      int q = distances.get(b * vocabSize + id);
      int bin = bin(id, q, kind, shift, digitBits, idDigit, minPLimit, state, at);
      if (bin >= 0) {
        long add = amount(kind, q);
        FixedPoint.setLong(
            histogram, base + 2 * bin, FixedPoint.getLong(histogram, base + 2 * bin) + add);
      }
    }
  }

  static void chunkPerGroup(
      KernelContext context,
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray distances,
      IntArray state,
      IntArray histogram,
      int vocabSize,
      int chunk,
      int digitBits,
      int kind,
      int shift,
      int idDigit) {
    int[] digits = context.allocateIntLocalArray(GROUP);
    long[] weights = context.allocateLongLocalArray(GROUP);
    int chunks = (vocabSize + chunk - 1) / chunk;
    int i = context.groupIdx;
    int lane = context.localIdx;
    int b = i / chunks;
    if (b < Sampling.rows(kind, pass)) {
      int bins = 1 << digitBits;
      int at = b * Sampling.STATE_SIZE;
      int minPLimit = Sampling.minPLimit(parameters, slotOf.get(b));
      int from = (i % chunks) * chunk;
      int end = Math.min(from + chunk, vocabSize);
      long sum = 0;
      for (int tile = from; tile < end; tile += GROUP) {
        int id = tile + lane;
        int bin = -1;
        long add = 0;
        if (id < end) {
          int q = distances.get(b * vocabSize + id);
          bin = bin(id, q, kind, shift, digitBits, idDigit, minPLimit, state, at);
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
        FixedPoint.setLong(histogram, 2 * (bins * i + lane), sum);
      }
    }
  }

  /** What a token adds to its bin. */
  private static long amount(int kind, int q) {
    long amount = 1;
    if (kind > Sampling.KIND_TOP_K) {
      amount = FixedPoint.weight(q);
    }
    return amount;
  }

  /** A token's digit; −1 if it is masked or its key does not start with the digits found so far. */
  private static int bin(
      int id,
      int q,
      int kind,
      int shift,
      int digitBits,
      int idDigit,
      int minPLimit,
      IntArray state,
      int at) {
    int bin = -1;
    if (Sampling.kept(kind, id, q, minPLimit, state, at) == 1) {
      int key = Sampling.key(kind, q, state.get(at + Sampling.MEAN));
      int prefix = state.get(at + Sampling.KEY_PREFIX);
      int digits = key;
      if (idDigit == 1) {
        digits = id;
        if (key == prefix) {
          prefix = state.get(at + Sampling.ID_PREFIX);
        } else {
          prefix = -1;
        }
      }
      if ((digits >> (shift + digitBits)) == prefix) {
        bin = (digits >> shift) & ((1 << digitBits) - 1);
      }
    }
    return bin;
  }
}
