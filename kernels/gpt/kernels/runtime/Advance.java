package gpt.kernels.runtime;

import gpt.kernels.sampling.Sampling;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task7;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * Sets the rows of the next decode step on the device, without the host: row b appends the token that
 * was drawn for it, at the next position of the same slot. The numbers of rows do not change.
 *
 *   tokens[b] = chosen[b],  positions[b] += 1,  parameters[slotOf[b], STEP] += 1
 *
 * shapes    chosen, tokens, positions, slotOf: the first DRAWN_ROWS of each · parameters (B, PARAMETERS)
 * bound     launch-bound: 24 bytes a row
 * threads   one row a work item
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: the loop.
 *   <li>{@code rowPerThread}: the same with an explicit grid.
 * </ul>
 *
 * <p>Test: {@code PassTest}. Benchmark: {@code scripts/bench --operations advance}.
 */
public final class Advance {
  private static final int THREADS = 32;

  /**
   * Arguments of a launch.
   *
   * @param pass see {@link Pass}; logit row b is row b
   * @param chosen token ids (B)
   * @param tokens (R)
   * @param positions (R)
   * @param slotOf slot of each logit row
   * @param parameters (B, PARAMETERS); see {@link Sampling}
   * @param samples B
   */
  public record Arguments(
      IntArray pass,
      IntArray chosen,
      IntArray tokens,
      IntArray positions,
      IntArray slotOf,
      IntArray parameters,
      int samples) {}

  /** The loop. */
  public static final Version<Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(
                  id,
                  Advance::naive,
                  a.pass,
                  a.chosen,
                  a.tokens,
                  a.positions,
                  a.slotOf,
                  a.parameters,
                  a.samples));

  /** One row a work item. */
  public static final Version<Arguments> ROW_PER_THREAD = rowPerThread(Advance::rowPerThread);

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS = List.of(NAIVE, ROW_PER_THREAD);

  private Advance() {}

  private static Version<Arguments> rowPerThread(
      Task7<KernelContext, IntArray, IntArray, IntArray, IntArray, IntArray, IntArray> kernel) {
    return new Version<>(
        "rowPerThread",
        Version.Target.GPU,
        (graph, id, a) ->
            graph.task(
                id,
                kernel,
                new KernelContext(),
                a.pass,
                a.chosen,
                a.tokens,
                a.positions,
                a.slotOf,
                a.parameters),
        (a, rows) -> Version.items(rows, THREADS));
  }

  static void naive(
      IntArray pass,
      IntArray chosen,
      IntArray tokens,
      IntArray positions,
      IntArray slotOf,
      IntArray parameters,
      int samples) {
    for (@Parallel int b = 0; b < samples; b++) {
      advance(b, pass, chosen, tokens, positions, slotOf, parameters);
    }
  }

  static void rowPerThread(
      KernelContext context,
      IntArray pass,
      IntArray chosen,
      IntArray tokens,
      IntArray positions,
      IntArray slotOf,
      IntArray parameters) {
    advance(context.globalIdx, pass, chosen, tokens, positions, slotOf, parameters);
  }

  private static void advance(
      int b,
      IntArray pass,
      IntArray chosen,
      IntArray tokens,
      IntArray positions,
      IntArray slotOf,
      IntArray parameters) {
    if (b < pass.get(Pass.DRAWN_ROWS)) {
      tokens.set(b, chosen.get(b));
      positions.set(b, positions.get(b) + 1);
      int step = slotOf.get(b) * Sampling.PARAMETERS + Sampling.STEP;
      parameters.set(step, parameters.get(step) + 1);
    }
  }
}
