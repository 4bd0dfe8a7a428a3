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
 * The sampling chain's steps on logits: each id's, for each sample,
 *
 *   repetition   l · penalty, or l / penalty where l > 0, for ids that the text has seen
 *   frequency    l − frequency · count − presence, for ids that were generated
 *   bias         l + bias[id]
 *   minimum      stop ids are not there while the text is too short
 *
 * and the largest of each chunk, before the steps and after them
 *
 * shapes    logits (rows, V) · seen, bias (B, V), a slot's own
 *           values (B, V) · maxima (B, G, 3): after the steps, before them, status
 * bound     memory: 8·V bytes a sample, 8·V more with penalties and biases; one pass over the logits
 * threads   a chunk of the vocabulary is one search for a maximum
 * rounding  each operation once, as on the host: a product is never the next sum's operand in the
 *           same expression, which a compiler would join with it
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one chunk a work item.
 *   <li>{@code chunkPerThread}: the same with a grid.
 *   <li>{@code chunkPerGroup}: one chunk a workgroup of 256, neighbouring lanes neighbouring ids,
 *       then a tree in local memory.
 * </ul>
 *
 * <p>Source: Keskar and others, 2019 (repetition); frequency and presence as OpenAI's API defines
 * them. Test: {@code SamplingTest}. Benchmark: {@code scripts/bench --operations logit-steps}.
 */
public final class LogitSteps {
  private static final int GROUP = 256;

  /**
   * What a launch takes.
   *
   * @param pass see {@link Pass}
   * @param slotOf the slot of each row, whose parameters it is drawn with (B)
   * @param parameters of the slots; see {@link Sampling}
   * @param factors of the slots
   * @param logits (LOGIT_ROWS, V)
   * @param seen of the slots, counts and the prompt's bit (B, V)
   * @param bias of the slots (B, V), −∞ bans an id
   * @param values the logits after all steps (B, V), less than −1e38 where an id is not there
   * @param maxima (B, G, 3)
   * @param samples B
   * @param layout how V is shared out
   * @param raw takes no step: values are the logits, of all logit rows
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
      one(
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
    one(
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

  private static void one(
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
      float largest = Sampling.NOTHING;
      float before = Sampling.NOTHING;
      int status = 0;
      for (int id = from; id < end; id++) {
        float logit = logits.get(row + id);
        status = Math.min(status, Sampling.damage(logit));
        before = larger(before, logit);
        float value = stepped(logit, id, slot, parameters, factors, seen, bias, vocabSize, raw);
        values.set(b * vocabSize + id, value);
        largest = larger(largest, value);
      }
      maxima.set(3 * i, largest);
      maxima.set(3 * i + 1, before);
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
    float[] befores = context.allocateFloatLocalArray(GROUP);
    int[] statuses = context.allocateIntLocalArray(GROUP);
    int i = context.groupIdx;
    int lane = context.localIdx;
    int b = i / chunks;
    if (b < rows(raw, pass)) {
      int from = (i % chunks) * chunk;
      int end = Math.min(from + chunk, vocabSize);
      int row = b * vocabSize;
      int slot = slotOf.get(b);
      float largest = Sampling.NOTHING;
      float before = Sampling.NOTHING;
      int status = 0;
      for (int id = from + lane; id < end; id += GROUP) {
        float logit = logits.get(row + id);
        status = Math.min(status, Sampling.damage(logit));
        before = larger(before, logit);
        float value = stepped(logit, id, slot, parameters, factors, seen, bias, vocabSize, raw);
        values.set(b * vocabSize + id, value);
        largest = larger(largest, value);
      }
      largests[lane] = largest;
      befores[lane] = before;
      statuses[lane] = status;
      for (int half = GROUP / 2; half > 0; half = half / 2) {
        context.localBarrier();
        if (lane < half) {
          largests[lane] = larger(largests[lane], largests[lane + half]);
          befores[lane] = larger(befores[lane], befores[lane + half]);
          statuses[lane] = Math.min(statuses[lane], statuses[lane + half]);
        }
      }
      if (lane == 0) {
        maxima.set(3 * i, largests[0]);
        maxima.set(3 * i + 1, befores[0]);
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

  /** A logit after all steps. */
  private static float stepped(
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
      int had = seen.get(slot * vocabSize + id);
      if (had != 0) {
        if (value > 0) {
          value = value * factors.get(f + Sampling.INVERSE_PENALTY);
        } else {
          value = value * factors.get(f + Sampling.PENALTY);
        }
        int count = had & Sampling.COUNT;
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
          value = Sampling.NOTHING;
        }
      }
    }
    if (logit < Sampling.LEAST) {
      value = Sampling.NOTHING;
    }
    return value;
  }
}
