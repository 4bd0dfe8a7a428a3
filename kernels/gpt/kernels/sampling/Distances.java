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
 * Temperature, and the change to fixed point:
 *
 *   q[b, id] = ⌊(max[b] − values[b, id]) · log₂(e) / temperature · 2²⁴⌋
 *
 * is −log₂ of the token's probability relative to the likeliest token, with 24 fractional bits. From 64
 * bits on a token counts as masked: MASKED_DISTANCE. The kernel also resets the row's state: thresholds
 * that keep every token, and a status that says whether a token can be drawn.
 *
 * shapes    values (B, V) · maxima (B, G, 3) · distances (B, V) · state (B, STATE_SIZE)
 * bound     memory: 8·V bytes a row, and 12·G more for each work item; one pass over the logits
 * threads   tokens are independent; each work item reduces the G maxima by itself, which saves a launch
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one chunk a work item.
 *   <li>{@code chunkPerThread}: the same with an explicit grid.
 *   <li>{@code chunkPerGroup}: one chunk a workgroup of 256, coalesced.
 * </ul>
 *
 * <p>Test: {@code SamplingTest}. Benchmark: {@code scripts/bench --operations distances}.
 */
public final class Distances {
  private static final int GROUP = 256;

  /** Logits are clamped to this, so that the difference of two is finite. */
  private static final float LOGIT_CLAMP = 1e38f;

  /** Tokens from this many bits on are masked. */
  private static final float MAX_BITS = 64;

  private static final float LOG2_E = 1.442695f;

  /**
   * Arguments of a launch.
   *
   * @param pass see {@link Pass}
   * @param slotOf slot of each row, whose parameters apply (B)
   * @param factors (slots, FACTORS); see {@link Sampling}
   * @param values (B, V), from {@link LogitSteps}
   * @param maxima (B, G, 3), from {@link LogitSteps}
   * @param distances (B, V), the result
   * @param state (B, {@link Sampling#STATE_SIZE}), reset
   * @param samples B, rows that the grid is made for
   * @param layout chunks of the vocabulary
   * @param raw uses temperature 1, for all logit rows; for log-probabilities
   */
  public record Arguments(
      IntArray pass,
      IntArray slotOf,
      FloatArray factors,
      FloatArray values,
      FloatArray maxima,
      IntArray distances,
      IntArray state,
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
                  a.state,
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
                a.state,
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
      IntArray state,
      int samples,
      int vocabSize,
      int chunk,
      int chunks,
      int raw) {
    for (@Parallel int i = 0; i < samples * chunks; i++) {
      convertChunk(
          i, 0, 1, pass, slotOf, factors, values, maxima, distances, state, vocabSize, chunk,
          chunks, raw);
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
      IntArray state,
      int vocabSize,
      int chunk,
      int chunks,
      int raw) {
    int i = context.globalIdx;
    convertChunk(
        i, 0, 1, pass, slotOf, factors, values, maxima, distances, state, vocabSize, chunk, chunks,
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
      IntArray state,
      int vocabSize,
      int chunk,
      int chunks,
      int raw) {
    int i = context.groupIdx;
    int lane = context.localIdx;
    convertChunk(
        i, lane, GROUP, pass, slotOf, factors, values, maxima, distances, state, vocabSize, chunk,
        chunks, raw);
  }

  /** Tokens lane, lane + lanes, … of chunk i. */
  private static void convertChunk(
      int i,
      int lane,
      int lanes,
      IntArray pass,
      IntArray slotOf,
      FloatArray factors,
      FloatArray values,
      FloatArray maxima,
      IntArray distances,
      IntArray state,
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
      float largest = Sampling.MASKED_LOGIT;
      float largestBefore = Sampling.MASKED_LOGIT;
      float logitStatus = 0;
      for (int c = 0; c < chunks; c++) {
        int at = 3 * (b * chunks + c);
        largest = Math.max(largest, maxima.get(at));
        largestBefore = Math.max(largestBefore, maxima.get(at + 1));
        logitStatus = Math.min(logitStatus, maxima.get(at + 2));
      }
      int status = status(largest, largestBefore, logitStatus);
      int from = (i % chunks) * chunk;
      int end = Math.min(from + chunk, vocabSize);
      float top = Math.min(largest, LOGIT_CLAMP);
      float bitsPerLogit = factors.get(slotOf.get(b) * Sampling.FACTORS + Sampling.BITS_PER_LOGIT);
      if (raw == 1) {
        bitsPerLogit = LOG2_E;
      }
      for (int id = from + lane; id < end; id += lanes) {
        float value = values.get(b * vocabSize + id);
        float bits = (top - Math.min(value, LOGIT_CLAMP)) * bitsPerLogit;
        int q = Sampling.MASKED_DISTANCE;
        if (status == 0) {
          if (value >= Sampling.MIN_LOGIT) {
            if (bits < MAX_BITS) {
              q = (int) (bits * 0x1p24f);
            }
          }
        }
        distances.set(b * vocabSize + id, q);
      }
      if (i % chunks == 0) {
        if (lane == 0) {
          int at = b * Sampling.STATE_SIZE;
          for (int kind = Sampling.KIND_LOGPROBS; kind <= Sampling.KIND_DRAW; kind++) {
            state.set(at + 2 * kind, Sampling.MASKED_DISTANCE);
            state.set(at + 2 * kind + 1, Sampling.MASKED_DISTANCE);
          }
          state.set(at + Sampling.STATUS, status);
          state.set(at + Sampling.KEY_PREFIX, 0);
          state.set(at + Sampling.ID_PREFIX, 0);
          state.set(at + Sampling.MEAN, 0);
        }
      }
    }
  }

  private static int status(float largest, float largestBefore, float logitStatus) {
    int status = (int) logitStatus;
    if (status == 0) {
      if (largestBefore < Sampling.MIN_LOGIT) {
        status = Sampling.NO_FINITE;
      } else {
        if (largest < Sampling.MIN_LOGIT) {
          status = Sampling.ALL_BANNED;
        }
      }
    }
    return status;
  }
}
