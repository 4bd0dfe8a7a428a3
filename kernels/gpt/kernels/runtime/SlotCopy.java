package gpt.kernels.runtime;

import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * keys and values of positions 0 to request[0] − 1 of context request[1 + b], for context b: a prompt that
 * texts share is computed once and copied to the others; where a beam has several children, all but the
 * first of them get a copy of its context
 *
 * shapes    request (1 + B, or more) · keys (L, B, NH, HS, T) · values (L, B, NH, T, HS)
 * bound     memory: 16·T·L·C bytes at most for each context that is copied
 * threads   one key and one value of one head of one block a work item, for all contexts
 * </pre>
 *
 * <p>A context that is copied is not overwritten, and one that is overwritten not copied: the host
 * chooses them so. A permutation of contexts needs no copies at all, only other names, so there are
 * no cycles and no second buffer.
 *
 * <ul>
 *   <li>{@code naive}: the loops.
 *   <li>{@code elementPerThread}: neighbours have neighbouring positions of a key's channel, and
 *       neighbouring channels of a value, as they lie.
 * </ul>
 *
 * <p>Rejected: one position of one channel a work item, which needs no division. On PoCL a prompt's
 * copy took 3.1 instead of 4.5 ms (three blocks of GPT-2, 256 positions to three contexts), but
 * neighbours' values are far apart, and it is made once for a group of texts.
 *
 * <p>Test: {@code SlotCopyTest}. Benchmark: {@code scripts/bench --operations
 * slot-copy-prompt,slot-copy-beam}.
 */
public final class SlotCopy {
  private static final int THREADS = 64;

  /** Where the contexts to copy begin in a request. */
  public static final int SOURCES = 1;

  /**
   * What a launch takes.
   *
   * @param request how many positions, then the context that each context takes over, itself where
   *     it keeps its own
   * @param keys (L, B, NH, HS, T)
   * @param values (L, B, NH, T, HS)
   * @param blocks L
   * @param samples B
   * @param heads NH
   * @param headSize HS
   * @param contextLength T
   */
  public record Arguments(
      IntArray request,
      FloatArray keys,
      FloatArray values,
      int blocks,
      int samples,
      int heads,
      int headSize,
      int contextLength) {}

  /** The loops. */
  public static final Version<Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(
                  id,
                  SlotCopy::naive,
                  a.request,
                  a.keys,
                  a.values,
                  a.blocks,
                  a.samples,
                  a.heads,
                  a.headSize,
                  a.contextLength));

  /** One key and one value of a head a work item. */
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
                  a.keys,
                  a.values,
                  a.samples,
                  a.heads,
                  a.headSize,
                  a.contextLength),
          (a, positions) ->
              Version.groups(
                  Math.ceilDiv(positions * a.headSize, THREADS), a.blocks * a.heads, THREADS));

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS = List.of(NAIVE, ELEMENT_PER_THREAD);

  private SlotCopy() {}

  static void naive(
      IntArray request,
      FloatArray keys,
      FloatArray values,
      int blocks,
      int samples,
      int heads,
      int headSize,
      int contextLength) {
    for (@Parallel int head = 0; head < blocks * heads; head++) {
      for (@Parallel int element = 0; element < headSize * contextLength; element++) {
        if (element < headSize * request.get(0)) {
          copy(request, keys, values, head, element, samples, heads, headSize, contextLength);
        }
      }
    }
  }

  static void elementPerThread(
      KernelContext context,
      IntArray request,
      FloatArray keys,
      FloatArray values,
      int samples,
      int heads,
      int headSize,
      int contextLength) {
    int element = context.globalIdx;
    if (element < headSize * request.get(0)) {
      copy(
          request,
          keys,
          values,
          context.globalIdy,
          element,
          samples,
          heads,
          headSize,
          contextLength);
    }
  }

  /**
   * One key and one value.
   *
   * @param head (l, h)
   * @param element of (HS, positions) for keys, of (positions, HS) for values
   */
  private static void copy(
      IntArray request,
      FloatArray keys,
      FloatArray values,
      int head,
      int element,
      int samples,
      int heads,
      int headSize,
      int contextLength) {
    int positions = request.get(0);
    int key = element / positions * contextLength + element % positions;
    int size = headSize * contextLength;
    int first = head / heads * samples * heads + head % heads;
    for (int b = 0; b < samples; b++) {
      int source = request.get(SOURCES + b);
      if (source != b) {
        int from = (first + source * heads) * size;
        int to = (first + b * heads) * size;
        keys.set(to + key, keys.get(from + key));
        values.set(to + element, values.get(from + element));
      }
    }
  }
}
