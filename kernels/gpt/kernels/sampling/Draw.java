package gpt.kernels.sampling;

import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Version;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task8;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * The end of the sampling chain:
 *
 *   chosen[b] = status if it is not 0 (negative: no token can be drawn)
 *               what {@link Argmax} found if the row is greedy
 *               the id that the draw's radix select found, otherwise
 *   seen[slot, chosen[b]] += 1 if a penalty is on
 *
 * shapes    state (B, STATE_SIZE) · chosen (B) · seen (slots, V)
 * bound     launch-bound: a few ints a row
 * threads   one row a work item
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: the loop.
 *   <li>{@code samplePerThread}: the same with an explicit grid.
 * </ul>
 *
 * <p>Test: {@code SamplingTest}. Benchmark: {@code scripts/bench --operations draw}.
 */
public final class Draw {
  /**
   * Arguments of a launch.
   *
   * @param pass see {@link Pass}
   * @param slotOf slot of each row, whose parameters apply (B)
   * @param parameters (slots, PARAMETERS); see {@link Sampling}
   * @param state (B, {@link Sampling#STATE_SIZE})
   * @param chosen token ids (B), the result; for greedy rows also the input
   * @param seen (slots, V), updated
   * @param samples B, rows that the grid is made for
   * @param vocabSize V
   */
  public record Arguments(
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray state,
      IntArray chosen,
      IntArray seen,
      int samples,
      int vocabSize) {}

  /** The loop. */
  public static final Version<Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(
                  id,
                  Draw::naive,
                  a.pass,
                  a.slotOf,
                  a.parameters,
                  a.state,
                  a.chosen,
                  a.seen,
                  a.samples,
                  a.vocabSize));

  /** One row a work item. */
  public static final Version<Arguments> SAMPLE_PER_THREAD = samplePerThread(Draw::samplePerThread);

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS = List.of(NAIVE, SAMPLE_PER_THREAD);

  private Draw() {}

  private static Version<Arguments> samplePerThread(
      Task8<KernelContext, IntArray, IntArray, IntArray, IntArray, IntArray, IntArray, Integer>
          kernel) {
    return new Version<>(
        "samplePerThread",
        Version.Target.GPU,
        (graph, id, a) ->
            graph.task(
                id,
                kernel,
                new KernelContext(),
                a.pass,
                a.slotOf,
                a.parameters,
                a.state,
                a.chosen,
                a.seen,
                a.vocabSize),
        (a, rows) -> Version.groups(rows, 1));
  }

  static void naive(
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray state,
      IntArray chosen,
      IntArray seen,
      int samples,
      int vocabSize) {
    for (@Parallel int b = 0; b < samples; b++) {
      emit(b, pass, slotOf, parameters, state, chosen, seen, vocabSize);
    }
  }

  static void samplePerThread(
      KernelContext context,
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray state,
      IntArray chosen,
      IntArray seen,
      int vocabSize) {
    emit(context.globalIdx, pass, slotOf, parameters, state, chosen, seen, vocabSize);
  }

  private static void emit(
      int b,
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray state,
      IntArray chosen,
      IntArray seen,
      int vocabSize) {
    if (b < pass.get(Pass.DRAWN_ROWS)) {
      int slot = slotOf.get(b);
      int p = slot * Sampling.PARAMETERS;
      int status = state.get(b * Sampling.STATE_SIZE + Sampling.STATUS);
      int id = state.get(b * Sampling.STATE_SIZE + 2 * Sampling.KIND_DRAW + 1);
      if (parameters.get(p + Sampling.GREEDY) == 1) {
        id = chosen.get(b);
      }
      if (status == 0) {
        if (parameters.get(p + Sampling.PENALTIES) == 1) {
          int at = slot * vocabSize + id;
          seen.set(at, seen.get(at) + 1);
        }
      } else {
        id = status;
      }
      chosen.set(b, id);
    }
  }
}
