package gpt.kernels.runtime;

import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * Copies keys and values between slots of the KV cache:
 *
 *   keys, values of slot b, positions 0 to n − 1  ←  those of slot source[b],  for source[b] ≠ b
 *
 * A prompt that several completions share is computed once and copied; in beam search, all but the first
 * child of a beam get a copy of its context.
 *
 * shapes    request (1 + B, or more): n, then source · keys (L, B, NH, HS, T) · values (L, B, NH, T, HS)
 * bound     memory: 16·n·L·C bytes for each copy, or 8·n·L·C of halves
 * threads   one element of a key and one of a value, of one head and block, a work item, for all slots
 * example   request 2, then 0, 0, 2, 0: slots 1 and 3 get positions 0 and 1 of slot 0; 0 and 2 stay
 * </pre>
 *
 * <p>The host guarantees that no slot is both read and written, so there is no race and no second
 * buffer. It permutes sequences by renaming slots, without copies.
 *
 * <ul>
 *   <li>{@code naive}: the loops.
 *   <li>{@code elementPerThread}: adjacent work items copy adjacent elements, positions of a key's
 *       channel and channels of a value (coalesced).
 * </ul>
 *
 * <p>Rejected: one position of one channel a work item, which needs no division. On PoCL a prompt's
 * copy took 3.1 instead of 4.5 ms (three blocks of GPT-2, 256 positions to three slots), but the
 * accesses to values are not coalesced, and a prompt is copied only once for all its completions.
 *
 * <p>Read before: {@link Copy}, {@link KvCache}. After: {@link gpt.kernels.Attention}.
 *
 * <p>Test: {@code SlotCopyTest}. Benchmark: {@code scripts/bench --operations
 * slot-copy-prompt,slot-copy-beam}.
 */
public final class SlotCopy {
  private static final int THREADS = 64;

  /** Index of the number of positions in a request. */
  public static final int POSITIONS = 0;

  /** Index of the first source slot in a request. */
  public static final int SOURCES = 1;

  private SlotCopy() {}

  /**
   * Copies one element of the keys and one of the values, to all slots.
   *
   * @param head index of (l, h)
   * @param element index in (HS, n), or (HS / 2, n, 2), for keys, in (n, HS) for values
   */
  private static void copy(
      IntArray request,
      FloatArray keys,
      FloatArray values,
      HalfFloatArray halfKeys,
      HalfFloatArray halfValues,
      int head,
      int element,
      int headSize,
      long cache) {
    int heads = KvCache.heads(cache);
    int samples = KvCache.slots(cache);
    // Elements that are contiguous in a row of keys.
    int run = request.get(0) * KvCache.wordSize(cache);
    int key = element / run * KvCache.wordSize(cache) * KvCache.length(cache) + element % run;
    int size = headSize * KvCache.length(cache);
    int first = head / heads * samples * heads + head % heads;
    for (int b = 0; b < samples; b++) {
      int source = request.get(SOURCES + b);
      if (source != b) {
        int from = (first + source * heads) * size;
        int to = (first + b * heads) * size;
        KvCache.set(
            cache, keys, halfKeys, to + key, KvCache.get(cache, keys, halfKeys, from + key));
        float value = KvCache.get(cache, values, halfValues, from + element);
        KvCache.set(cache, values, halfValues, to + element, value);
      }
    }
  }

  static void naive(
      IntArray request,
      FloatArray keys,
      FloatArray values,
      HalfFloatArray halfKeys,
      HalfFloatArray halfValues,
      int blocks,
      int headSize,
      long cache) {
    for (@Parallel int head = 0; head < blocks * KvCache.heads(cache); head++) {
      for (@Parallel int element = 0; element < headSize * KvCache.length(cache); element++) {
        if (element < headSize * request.get(0)) {
          copy(request, keys, values, halfKeys, halfValues, head, element, headSize, cache);
        }
      }
    }
  }

  static void elementPerThread(
      KernelContext context,
      IntArray request,
      FloatArray keys,
      FloatArray values,
      HalfFloatArray halfKeys,
      HalfFloatArray halfValues,
      int headSize,
      long cache) {
    int element = context.globalIdx;
    if (element < headSize * request.get(0)) {
      int head = context.globalIdy;
      copy(request, keys, values, halfKeys, halfValues, head, element, headSize, cache);
    }
  }

  // Plumbing: arguments, tasks and grids.

  /**
   * Arguments of a launch.
   *
   * @param request number of positions n, then the source slot of each slot; the slot itself for no
   *     copy
   * @param cache keys and values
   * @param blocks L
   * @param headSize HS
   */
  public record Arguments(IntArray request, KvCache cache, int blocks, int headSize) {}

  /** The loops. */
  public static final Version<Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(
                  id,
                  SlotCopy::naive,
                  a.request,
                  a.cache.keys(),
                  a.cache.values(),
                  a.cache.halfKeys(),
                  a.cache.halfValues(),
                  a.blocks,
                  a.headSize,
                  a.cache.shape()));

  /** One element of a key and one of a value a work item. */
  public static final Version<Arguments> ELEMENT_PER_THREAD =
      new Version<>(
          "elementPerThread",
          Version.Target.GPU,
          (graph, id, a) ->
              graph.task(
                  id,
                  SlotCopy::elementPerThread,
                  new KernelContext(),
                  a.request,
                  a.cache.keys(),
                  a.cache.values(),
                  a.cache.halfKeys(),
                  a.cache.halfValues(),
                  a.headSize,
                  a.cache.shape()),
          (a, positions) ->
              Version.groups(
                  Math.ceilDiv(positions * a.headSize, THREADS),
                  a.blocks * a.cache.heads(),
                  THREADS));

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS = List.of(NAIVE, ELEMENT_PER_THREAD);
}
