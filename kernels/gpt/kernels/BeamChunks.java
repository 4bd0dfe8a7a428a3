package gpt.kernels;

import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task9;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * For each beam's logits, chunk by chunk of the vocabulary: the M largest, with their ids, the larger
 * first and among equals the lower id; and Σ exp(x − largest), or a status of {@link Sampling} where a
 * logit is NaN or +∞. No more than these of a chunk can be among the M best candidates.
 *
 * shapes    logits (B, V) · values, ids (B, G, M) · sums (B, G)
 * bound     memory: 4·V bytes a beam, read twice
 * threads   a chunk is on its own
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one chunk a work item, which keeps a sorted list of the best; a logit that
 *       is not among them costs a comparison.
 *   <li>{@code chunkPerThread}: the same with a grid.
 *   <li>{@code chunkPerGroup}: one chunk a workgroup of 256. The best that comes after the last one
 *       is searched for M times, in a tree: M passes over the chunk, which stays in the cache.
 * </ul>
 *
 * <p>Sums are made in a fixed order: by id, or by lane and then in a tree. Test: {@code
 * BeamKernelsTest}. Benchmark: {@code scripts/bench --operations beam-chunks}.
 */
public final class BeamChunks {
  private static final int GROUP = 256;

  /** A difference of two of these is finite. */
  private static final float MOST = 1e38f;

  /** The id of an empty place. */
  public static final int NONE = -1;

  /** A lane's id where it has nothing left: it loses every tie. */
  private static final int LAST = Integer.MAX_VALUE;

  /**
   * What a launch takes.
   *
   * @param pass see {@link Pass}
   * @param logits (B, V)
   * @param values (B, G, M), the result
   * @param ids (B, G, M), the result; NONE where a chunk has fewer
   * @param sums (B, G), the result
   * @param beams B
   * @param most M
   * @param layout how V is shared out
   */
  public record Arguments(
      IntArray pass,
      FloatArray logits,
      FloatArray values,
      IntArray ids,
      FloatArray sums,
      int beams,
      int most,
      Sampling.Layout layout) {}

  /** One chunk a work item. */
  public static final Version<Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(
                  id,
                  BeamChunks::naive,
                  a.pass,
                  a.logits,
                  a.values,
                  a.ids,
                  a.sums,
                  a.beams * a.layout.chunks(),
                  a.most,
                  a.layout.vocabSize(),
                  a.layout.chunk()));

  /** One chunk a work item. */
  public static final Version<Arguments> CHUNK_PER_THREAD =
      version("chunkPerThread", Version.Target.CPU, BeamChunks::chunkPerThread, 1);

  /** One chunk a workgroup. */
  public static final Version<Arguments> CHUNK_PER_GROUP =
      version("chunkPerGroup", Version.Target.GPU, BeamChunks::chunkPerGroup, GROUP);

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS =
      List.of(NAIVE, CHUNK_PER_THREAD, CHUNK_PER_GROUP);

  private BeamChunks() {}

  private static Version<Arguments> version(
      String name,
      Version.Target target,
      Task9<
              KernelContext,
              IntArray,
              FloatArray,
              FloatArray,
              IntArray,
              FloatArray,
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
                a.logits,
                a.values,
                a.ids,
                a.sums,
                a.most,
                a.layout.vocabSize(),
                a.layout.chunk()),
        (a, rows) -> Version.groups(a.beams * a.layout.chunks(), group));
  }

  static void naive(
      IntArray pass,
      FloatArray logits,
      FloatArray values,
      IntArray ids,
      FloatArray sums,
      int all,
      int most,
      int vocabSize,
      int chunk) {
    for (@Parallel int i = 0; i < all; i++) {
      list(i, pass, logits, values, ids, sums, most, vocabSize, chunk);
    }
  }

  static void chunkPerThread(
      KernelContext context,
      IntArray pass,
      FloatArray logits,
      FloatArray values,
      IntArray ids,
      FloatArray sums,
      int most,
      int vocabSize,
      int chunk) {
    list(context.globalIdx, pass, logits, values, ids, sums, most, vocabSize, chunk);
  }

  /** Chunk i, in a sorted list. */
  private static void list(
      int i,
      IntArray pass,
      FloatArray logits,
      FloatArray values,
      IntArray ids,
      FloatArray sums,
      int most,
      int vocabSize,
      int chunk) {
    int chunks = (vocabSize + chunk - 1) / chunk;
    int b = i / chunks;
    if (b < pass.get(Pass.SAMPLES)) {
      int row = b * vocabSize;
      int from = (i % chunks) * chunk;
      int end = Math.min(from + chunk, vocabSize);
      int at = i * most;
      for (int k = 0; k < most; k++) {
        values.set(at + k, Sampling.NOTHING);
        ids.set(at + k, NONE);
      }
      int status = 0;
      for (int id = from; id < end; id++) {
        float x = logits.get(row + id);
        if (x < Sampling.LIMIT) { // false for NaN
          if (x >= Sampling.LEAST) {
            if (x > values.get(at + most - 1)) {
              int place = most - 1;
              int more = place;
              while (more > 0) {
                float before = values.get(at + place - 1);
                more = 0;
                if (before < x) {
                  values.set(at + place, before);
                  ids.set(at + place, ids.get(at + place - 1));
                  place = place - 1;
                  more = place;
                }
              }
              values.set(at + place, x);
              ids.set(at + place, id);
            }
          }
        } else {
          status = Math.min(status, Sampling.damage(x));
        }
      }
      float top = Math.min(values.get(at), MOST);
      float sum = 0;
      for (int id = from; id < end; id++) {
        sum += weight(logits.get(row + id), top);
      }
      if (status < 0) {
        sum = status;
      }
      sums.set(i, sum);
    }
  }

  static void chunkPerGroup(
      KernelContext context,
      IntArray pass,
      FloatArray logits,
      FloatArray values,
      IntArray ids,
      FloatArray sums,
      int most,
      int vocabSize,
      int chunk) {
    float[] numbers = context.allocateFloatLocalArray(GROUP);
    int[] places = context.allocateIntLocalArray(GROUP);
    int i = context.groupIdx;
    int lane = context.localIdx;
    int chunks = (vocabSize + chunk - 1) / chunk;
    int b = i / chunks;
    if (b < pass.get(Pass.SAMPLES)) {
      int row = b * vocabSize;
      int from = (i % chunks) * chunk;
      int end = Math.min(from + chunk, vocabSize);
      float last = Sampling.LIMIT;
      int lastId = LAST; // so that LIMIT itself is not taken
      float top = Sampling.NOTHING;
      for (int k = 0; k < most; k++) {
        float value = Sampling.NOTHING;
        int best = LAST;
        for (int id = from + lane; id < end; id += GROUP) {
          float x = logits.get(row + id);
          int after = 0;
          if (x < last) { // false for NaN, as the next
            after = 1;
          }
          if (x == last) {
            if (id > lastId) {
              after = 1;
            }
          }
          if (after == 1) {
            if (x >= Sampling.LEAST) {
              if (x > value) {
                value = x;
                best = id;
              }
            }
          }
        }
        numbers[lane] = value;
        places[lane] = best;
        for (int half = GROUP / 2; half > 0; half = half / 2) {
          context.localBarrier();
          if (lane < half) {
            int take = 0;
            if (numbers[lane + half] > numbers[lane]) {
              take = 1;
            }
            if (numbers[lane + half] == numbers[lane]) {
              if (places[lane + half] < places[lane]) {
                take = 1;
              }
            }
            if (take == 1) {
              numbers[lane] = numbers[lane + half];
              places[lane] = places[lane + half];
            }
          }
        }
        context.localBarrier();
        last = numbers[0];
        lastId = places[0];
        top = Math.max(top, last);
        if (lane == 0) {
          values.set(i * most + k, last);
          int found = lastId;
          if (found == LAST) {
            found = NONE;
          }
          ids.set(i * most + k, found);
        }
        context.localBarrier();
      }
      float largest = Math.min(top, MOST);
      float sum = 0;
      int status = 0;
      for (int id = from + lane; id < end; id += GROUP) {
        float x = logits.get(row + id);
        if (x < Sampling.LIMIT) {
          sum += weight(x, largest);
        } else {
          status = Math.min(status, Sampling.damage(x));
        }
      }
      numbers[lane] = sum;
      places[lane] = status;
      for (int half = GROUP / 2; half > 0; half = half / 2) {
        context.localBarrier();
        if (lane < half) {
          numbers[lane] = numbers[lane] + numbers[lane + half];
          places[lane] = Math.min(places[lane], places[lane + half]);
        }
      }
      if (lane == 0) {
        float result = numbers[0];
        if (places[0] < 0) {
          result = places[0];
        }
        sums.set(i, result);
      }
    }
  }

  private static float weight(float x, float top) {
    float weight = 0;
    if (x >= Sampling.LEAST) { // false for NaN
      weight = TornadoMath.exp(Math.min(x, MOST) - top);
    }
    return weight;
  }
}
