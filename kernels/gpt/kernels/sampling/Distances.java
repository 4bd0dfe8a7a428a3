package gpt.kernels.sampling;

import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Version;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task12;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * Temperature: q[b, id] = (largest[b] − values[b, id]) · log₂e / temperature · 2²⁴, how many bits an id
 * is less likely than the likeliest, as an integer; ABSENT from 64 bits on. And the state of a new step:
 * nothing is cut off yet; the status says whether there is anything to draw from.
 *
 * shapes    values (B, V) · maxima (B, G, 3) · distances (B, V) · cuts (B, CUTS)
 * bound     memory: 8·V bytes a sample, and 4·G more a work item; one pass over the logits
 * threads   an id is on its own; each thread or lane looks for the largest of G by itself
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one chunk a work item.
 *   <li>{@code chunkPerThread}: the same with a grid.
 *   <li>{@code chunkPerGroup}: one chunk a workgroup, neighbouring lanes neighbouring ids.
 * </ul>
 *
 * <p>Test: {@code SamplingTest}. Benchmark: {@code scripts/bench --operations distances}.
 */
public final class Distances {
  private static final int GROUP = 256;

  /** A difference of two of these is finite. */
  private static final float MOST = 1e38f;

  private static final float MOST_BITS = 64;
  private static final float LOG2_E = 1.442695f;

  /**
   * What a launch takes.
   *
   * @param pass see {@link Pass}
   * @param slotOf the slot of each row, whose parameters it is drawn with (B)
   * @param factors of the slots; see {@link Sampling}
   * @param values (B, V), from {@link LogitSteps}
   * @param maxima (B, G, 3), from there too
   * @param distances (B, V), the result
   * @param cuts (B, {@link Sampling#CUTS}), begun anew
   * @param samples B
   * @param layout how V is shared out
   * @param raw whether the temperature is 1 whatever the factors say
   */
  public record Arguments(
      IntArray pass,
      IntArray slotOf,
      FloatArray factors,
      FloatArray values,
      FloatArray maxima,
      IntArray distances,
      IntArray cuts,
      int samples,
      Sampling.Layout layout,
      boolean raw) {
    private int isRaw() {
      return raw ? 1 : 0;
    }
  }

  /** One chunk a work item. */
  public static final Version<Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(
                  id,
                  Distances::naive,
                  a.pass,
                  a.slotOf,
                  a.factors,
                  a.values,
                  a.maxima,
                  a.distances,
                  a.cuts,
                  a.samples,
                  a.layout.vocabSize(),
                  a.layout.chunk(),
                  a.layout.chunks(),
                  a.isRaw()));

  /** One chunk a work item. */
  public static final Version<Arguments> CHUNK_PER_THREAD =
      version("chunkPerThread", Version.Target.CPU, Distances::chunkPerThread, 1);

  /** One chunk a workgroup. */
  public static final Version<Arguments> CHUNK_PER_GROUP =
      version("chunkPerGroup", Version.Target.GPU, Distances::chunkPerGroup, GROUP);

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS =
      List.of(NAIVE, CHUNK_PER_THREAD, CHUNK_PER_GROUP);

  private Distances() {}

  private static Version<Arguments> version(
      String name,
      Version.Target target,
      Task12<
              KernelContext,
              IntArray,
              IntArray,
              FloatArray,
              FloatArray,
              FloatArray,
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
                a.factors,
                a.values,
                a.maxima,
                a.distances,
                a.cuts,
                a.layout.vocabSize(),
                a.layout.chunk(),
                a.layout.chunks(),
                a.isRaw()),
        (a, rows) -> Version.groups(rows * a.layout.chunks(), group));
  }

  static void naive(
      IntArray pass,
      IntArray slotOf,
      FloatArray factors,
      FloatArray values,
      FloatArray maxima,
      IntArray distances,
      IntArray cuts,
      int samples,
      int vocabSize,
      int chunk,
      int chunks,
      int raw) {
    for (@Parallel int i = 0; i < samples * chunks; i++) {
      some(
          i, 0, 1, pass, slotOf, factors, values, maxima, distances, cuts, vocabSize, chunk, chunks,
          raw);
    }
  }

  static void chunkPerThread(
      KernelContext context,
      IntArray pass,
      IntArray slotOf,
      FloatArray factors,
      FloatArray values,
      FloatArray maxima,
      IntArray distances,
      IntArray cuts,
      int vocabSize,
      int chunk,
      int chunks,
      int raw) {
    int i = context.globalIdx;
    some(
        i, 0, 1, pass, slotOf, factors, values, maxima, distances, cuts, vocabSize, chunk, chunks,
        raw);
  }

  static void chunkPerGroup(
      KernelContext context,
      IntArray pass,
      IntArray slotOf,
      FloatArray factors,
      FloatArray values,
      FloatArray maxima,
      IntArray distances,
      IntArray cuts,
      int vocabSize,
      int chunk,
      int chunks,
      int raw) {
    int i = context.groupIdx;
    int lane = context.localIdx;
    some(
        i, lane, GROUP, pass, slotOf, factors, values, maxima, distances, cuts, vocabSize, chunk,
        chunks, raw);
  }

  /** Ids lane, lane + lanes, … of chunk i. */
  private static void some(
      int i,
      int lane,
      int lanes,
      IntArray pass,
      IntArray slotOf,
      FloatArray factors,
      FloatArray values,
      FloatArray maxima,
      IntArray distances,
      IntArray cuts,
      int vocabSize,
      int chunk,
      int chunks,
      int raw) {
    int b = i / chunks;
    int rows = pass.get(Pass.DRAWN_ROWS);
    if (raw == 1) {
      rows = pass.get(Pass.LOGIT_ROWS);
    }
    if (b < rows) {
      float largest = Sampling.NOTHING;
      float before = Sampling.NOTHING;
      float damage = 0;
      for (int c = 0; c < chunks; c++) {
        int at = 3 * (b * chunks + c);
        largest = Math.max(largest, maxima.get(at));
        before = Math.max(before, maxima.get(at + 1));
        damage = Math.min(damage, maxima.get(at + 2));
      }
      int status = status(largest, before, damage);
      int from = (i % chunks) * chunk;
      int end = Math.min(from + chunk, vocabSize);
      float top = Math.min(largest, MOST);
      float bitsPerLogit = factors.get(slotOf.get(b) * Sampling.FACTORS + Sampling.BITS_PER_LOGIT);
      if (raw == 1) {
        bitsPerLogit = LOG2_E;
      }
      for (int id = from + lane; id < end; id += lanes) {
        float value = values.get(b * vocabSize + id);
        float bits = (top - Math.min(value, MOST)) * bitsPerLogit;
        int q = Sampling.ABSENT;
        if (status == 0) {
          if (value >= Sampling.LEAST) {
            if (bits < MOST_BITS) {
              q = (int) (bits * 0x1p24f);
            }
          }
        }
        distances.set(b * vocabSize + id, q);
      }
      if (i % chunks == 0) {
        if (lane == 0) {
          int at = b * Sampling.CUTS;
          for (int kind = Sampling.KIND_LOGPROBS; kind <= Sampling.KIND_DRAW; kind++) {
            cuts.set(at + 2 * kind, Sampling.ABSENT);
            cuts.set(at + 2 * kind + 1, Sampling.ABSENT);
          }
          cuts.set(at + Sampling.STATUS, status);
          cuts.set(at + Sampling.KEY, 0);
          cuts.set(at + Sampling.ID, 0);
          cuts.set(at + Sampling.MEAN, 0);
        }
      }
    }
  }

  private static int status(float largest, float before, float damage) {
    int status = (int) damage;
    if (status == 0) {
      if (before < Sampling.LEAST) {
        status = Sampling.EMPTY;
      } else {
        if (largest < Sampling.LEAST) {
          status = Sampling.BANNED;
        }
      }
    }
    return status;
  }
}
