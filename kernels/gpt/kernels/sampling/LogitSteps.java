package gpt.kernels.sampling;

import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Version;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task15;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * The logit processors of the sampling chain, for each row b and token id, in this order:
 *
 *   repetition   l · penalty, or l / penalty if l > 0, for tokens that the prompt or completion contains
 *   frequency    l − frequency · count − presence, for tokens that were generated count > 0 times
 *   bias         l + bias[id]; −∞ bans a token
 *   minimum      stop ids are masked while the completion is shorter than its minimum
 *
 * and for each chunk of the vocabulary the largest logit after and before the processors, and a status
 * that is not 0 if a logit is NaN or +∞. {@link Distances} reduces the chunks.
 *
 * shapes    logits (rows, V) · seen, bias (slots, V)
 *           values (B, V) · maxima (B, G, 3): after the processors, before them, status
 * bound     memory: 8·V bytes a row, 8·V more with penalties and biases; one pass over the logits
 * threads   one chunk of the vocabulary for a work item or workgroup, with a max reduction over it
 * rounding  each operation rounds once, as on the host: a product is stored in a variable before it is
 *           added to, or compilers would contract the two to a fused multiply-add
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one chunk a work item.
 *   <li>{@code chunkPerThread}: the same with an explicit grid.
 *   <li>{@code chunkPerGroup}: one chunk a workgroup of 256; coalesced loads, then a tree reduction
 *       in local memory.
 * </ul>
 *
 * <p>Source: Keskar and others, 2019 (repetition); OpenAI's API (frequency and presence). Test:
 * {@code SamplingTest}. Benchmark: {@code scripts/bench --operations logit-steps}.
 */
public final class LogitSteps {
  private static final int GROUP = 256;

  /**
   * Arguments of a launch.
   *
   * @param pass see {@link Pass}
   * @param slotOf slot of each row, whose parameters apply (B)
   * @param parameters (slots, PARAMETERS); see {@link Sampling}
   * @param factors (slots, FACTORS)
   * @param logits (LOGIT_ROWS, V)
   * @param seen (slots, V): {@link Sampling#COUNT_MASK} and {@link Sampling#IN_PROMPT}
   * @param bias (slots, V); −∞ bans a token
   * @param values the processed logits (B, V), a result; below {@link Sampling#MIN_LOGIT} if masked
   * @param maxima (B, G, 3), a result
   * @param samples B, rows that the grid is made for
   * @param layout chunks of the vocabulary
   * @param raw copies the logits of all logit rows without processing them; for log-probabilities
   */
  public record Arguments(
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      FloatArray factors,
      FloatArray logits,
      IntArray seen,
      FloatArray bias,
      FloatArray values,
      FloatArray maxima,
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
                  LogitSteps::naive,
                  a.pass,
                  a.slotOf,
                  a.parameters,
                  a.factors,
                  a.logits,
                  a.seen,
                  a.bias,
                  a.values,
                  a.maxima,
                  a.samples,
                  a.layout.vocabSize(),
                  a.layout.chunk(),
                  a.layout.chunks(),
                  a.isRaw()));

  /** One chunk a work item. */
  public static final Version<Arguments> CHUNK_PER_THREAD =
      version("chunkPerThread", Version.Target.CPU, LogitSteps::chunkPerThread, 1);

  /** One chunk a workgroup. */
  public static final Version<Arguments> CHUNK_PER_GROUP =
      version("chunkPerGroup", Version.Target.GPU, LogitSteps::chunkPerGroup, GROUP);

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS =
      List.of(NAIVE, CHUNK_PER_THREAD, CHUNK_PER_GROUP);

  private LogitSteps() {}

  private static Version<Arguments> version(
      String name,
      Version.Target target,
      Task15<
              KernelContext,
              IntArray,
              IntArray,
              IntArray,
              FloatArray,
              FloatArray,
              IntArray,
              FloatArray,
              FloatArray,
              FloatArray,
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
                a.factors,
                a.logits,
                a.seen,
                a.bias,
                a.values,
                a.maxima,
                a.samples,
                a.layout.vocabSize(),
                a.layout.chunk(),
                a.layout.chunks(),
                a.isRaw()),
        (a, rows) -> Version.groups(rows * a.layout.chunks(), group));
  }

  static void naive(
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      FloatArray factors,
      FloatArray logits,
      IntArray seen,
      FloatArray bias,
      FloatArray values,
      FloatArray maxima,
      int samples,
      int vocabSize,
      int chunk,
      int chunks,
      int raw) {
    for (@Parallel int i = 0; i < samples * chunks; i++) {
      processChunk(
          i,
          pass,
          slotOf,
          parameters,
          factors,
          logits,
          seen,
          bias,
          values,
          maxima,
          vocabSize,
          chunk,
          chunks,
          raw);
    }
  }

  static void chunkPerThread(
      KernelContext context,
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      FloatArray factors,
      FloatArray logits,
      IntArray seen,
      FloatArray bias,
      FloatArray values,
      FloatArray maxima,
      int samples,
      int vocabSize,
      int chunk,
      int chunks,
      int raw) {
    int i = context.globalIdx;
    processChunk(
        i,
        pass,
        slotOf,
        parameters,
        factors,
        logits,
        seen,
        bias,
        values,
        maxima,
        vocabSize,
        chunk,
        chunks,
        raw);
  }

  private static void processChunk(
      int i,
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      FloatArray factors,
      FloatArray logits,
      IntArray seen,
      FloatArray bias,
      FloatArray values,
      FloatArray maxima,
      int vocabSize,
      int chunk,
      int chunks,
      int raw) {
    int b = i / chunks;
    if (b < rows(raw, pass)) {
      int from = (i % chunks) * chunk;
      int end = Math.min(from + chunk, vocabSize);
      int row = b * vocabSize;
      int slot = slotOf.get(b);
      float largest = Sampling.MASKED_LOGIT;
      float largestBefore = Sampling.MASKED_LOGIT;
      int status = 0;
      for (int id = from; id < end; id++) {
        float logit = logits.get(row + id);
        status = Math.min(status, Sampling.logitStatus(logit));
        largestBefore = larger(largestBefore, logit);
        float value = processed(logit, id, slot, parameters, factors, seen, bias, vocabSize, raw);
        values.set(b * vocabSize + id, value);
        largest = larger(largest, value);
      }
      maxima.set(3 * i, largest);
      maxima.set(3 * i + 1, largestBefore);
      maxima.set(3 * i + 2, status);
    }
  }

  static void chunkPerGroup(
      KernelContext context,
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      FloatArray factors,
      FloatArray logits,
      IntArray seen,
      FloatArray bias,
      FloatArray values,
      FloatArray maxima,
      int samples,
      int vocabSize,
      int chunk,
      int chunks,
      int raw) {
    float[] largests = context.allocateFloatLocalArray(GROUP);
    float[] largestsBefore = context.allocateFloatLocalArray(GROUP);
    int[] statuses = context.allocateIntLocalArray(GROUP);
    int i = context.groupIdx;
    int lane = context.localIdx;
    int b = i / chunks;
    if (b < rows(raw, pass)) {
      int from = (i % chunks) * chunk;
      int end = Math.min(from + chunk, vocabSize);
      int row = b * vocabSize;
      int slot = slotOf.get(b);
      float largest = Sampling.MASKED_LOGIT;
      float largestBefore = Sampling.MASKED_LOGIT;
      int status = 0;
      for (int id = from + lane; id < end; id += GROUP) {
        float logit = logits.get(row + id);
        status = Math.min(status, Sampling.logitStatus(logit));
        largestBefore = larger(largestBefore, logit);
        float value = processed(logit, id, slot, parameters, factors, seen, bias, vocabSize, raw);
        values.set(b * vocabSize + id, value);
        largest = larger(largest, value);
      }
      largests[lane] = largest;
      largestsBefore[lane] = largestBefore;
      statuses[lane] = status;
      for (int half = GROUP / 2; half > 0; half = half / 2) {
        context.localBarrier();
        if (lane < half) {
          largests[lane] = larger(largests[lane], largests[lane + half]);
          largestsBefore[lane] = larger(largestsBefore[lane], largestsBefore[lane + half]);
          statuses[lane] = Math.min(statuses[lane], statuses[lane + half]);
        }
      }
      if (lane == 0) {
        maxima.set(3 * i, largests[0]);
        maxima.set(3 * i + 1, largestsBefore[0]);
        maxima.set(3 * i + 2, statuses[0]);
      }
    }
  }

  private static float larger(float a, float b) {
    float larger = a;
    if (b > a) {
      larger = b;
    }
    return larger;
  }

  private static int rows(int raw, IntArray pass) {
    int rows = pass.get(Pass.DRAWN_ROWS);
    if (raw == 1) {
      rows = pass.get(Pass.LOGIT_ROWS);
    }
    return rows;
  }

  /** A logit after all processors. */
  private static float processed(
      float logit,
      int id,
      int slot,
      IntArray parameters,
      FloatArray factors,
      IntArray seen,
      FloatArray bias,
      int vocabSize,
      int raw) {
    float value = logit;
    int p = slot * Sampling.PARAMETERS;
    int f = slot * Sampling.FACTORS;
    if (parameters.get(p + Sampling.PENALTIES) * (1 - raw) == 1) {
      int seenBits = seen.get(slot * vocabSize + id);
      if (seenBits != 0) {
        if (value > 0) {
          value = value * factors.get(f + Sampling.INVERSE_PENALTY);
        } else {
          value = value * factors.get(f + Sampling.PENALTY);
        }
        int count = seenBits & Sampling.COUNT_MASK;
        if (count > 0) {
          int counted = Math.min(count, parameters.get(p + Sampling.FREQUENCY_LIMIT));
          int units =
              parameters.get(p + Sampling.FREQUENCY) * counted
                  + parameters.get(p + Sampling.PRESENCE);
          value = value - units * 0x1p-16f;
        }
      }
    }
    if (parameters.get(p + Sampling.BIASES) * (1 - raw) == 1) {
      value = value + bias.get(slot * vocabSize + id);
    }
    if (parameters.get(p + Sampling.STEP)
        < parameters.get(p + Sampling.MIN_NEW_TOKENS) * (1 - raw)) {
      for (int i = 0; i < parameters.get(p + Sampling.STOPS); i++) {
        if (id == parameters.get(p + Sampling.STOP_IDS + i)) {
          value = Sampling.MASKED_LOGIT;
        }
      }
    }
    if (logit < Sampling.MIN_LOGIT) {
      value = Sampling.MASKED_LOGIT;
    }
    return value;
  }
}
