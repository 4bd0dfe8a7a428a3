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
 * The end of the sampling chain: hands over the id that the last search found, or, where the chain is
 * greedy, that {@link Argmax} did, and counts it in what its text has seen. Where there was nothing to
 * draw from, the status is handed over, which is negative.
 *
 * shapes    cuts (B, CUTS) · chosen (B) · seen (B, V)
 * bound     the launch
 * threads   one sample a work item
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: the loop.
 *   <li>{@code samplePerThread}: the same with a grid.
 * </ul>
 *
 * <p>Test: {@code SamplingTest}. Benchmark: {@code scripts/bench --operations draw}.
 */
public final class Draw {
  /**
   * What a launch takes.
   *
   * @param pass see {@link Pass}
   * @param slotOf the slot of each row, whose parameters it is drawn with (B)
   * @param parameters of the slots; see {@link Sampling}
   * @param cuts (B, {@link Sampling#CUTS})
   * @param chosen ids (B), the result; where a row is greedy they are there already
   * @param seen of the slots (B, V)
   * @param samples B
   * @param vocabSize V
   */
  public record Arguments(
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray cuts,
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
                  a.cuts,
                  a.chosen,
                  a.seen,
                  a.samples,
                  a.vocabSize));

  /** One sample a work item. */
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
                a.cuts,
                a.chosen,
                a.seen,
                a.vocabSize),
        (a, rows) -> Version.groups(rows, 1));
  }

  static void naive(
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray cuts,
      IntArray chosen,
      IntArray seen,
      int samples,
      int vocabSize) {
    for (@Parallel int b = 0; b < samples; b++) {
      one(b, pass, slotOf, parameters, cuts, chosen, seen, vocabSize);
    }
  }

  static void samplePerThread(
      KernelContext context,
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray cuts,
      IntArray chosen,
      IntArray seen,
      int vocabSize) {
    one(context.globalIdx, pass, slotOf, parameters, cuts, chosen, seen, vocabSize);
  }

  private static void one(
      int b,
      IntArray pass,
      IntArray slotOf,
      IntArray parameters,
      IntArray cuts,
      IntArray chosen,
      IntArray seen,
      int vocabSize) {
    if (b < pass.get(Pass.DRAWN_ROWS)) {
      int slot = slotOf.get(b);
      int p = slot * Sampling.PARAMETERS;
      int status = cuts.get(b * Sampling.CUTS + Sampling.STATUS);
      int id = cuts.get(b * Sampling.CUTS + 2 * Sampling.KIND_DRAW + 1);
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
