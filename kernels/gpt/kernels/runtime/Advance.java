package gpt.kernels.runtime;

import gpt.kernels.sampling.Sampling;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task7;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * Makes the rows of the next pass without the host: row b appends the token that was drawn for it, at
 * the next position of the same slot; the number of rows and of logit rows stays the same.
 *
 *   token[b] = chosen[b],  position[b] + 1,  step of slotOf[b] + 1
 *
 * shapes    chosen, tokens, positions, slotOf, of which the first DRAWN_ROWS · parameters (B, PARAMETERS)
 * bound     the launch: 24 bytes a row
 * threads   one row a work item
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: the loop.
 *   <li>{@code rowPerThread}: the same with a grid.
 * </ul>
 *
 * <p>Test: {@code PassTest}. Benchmark: {@code scripts/bench --operations advance}.
 */
public final class Advance {
  private static final int THREADS = 32;

  /**
   * What a launch takes.
   *
   * @param pass see {@link Pass}; row b's logits come from row b
   * @param chosen ids (B)
   * @param tokens (R)
   * @param positions (R)
   * @param slotOf (logit rows)
   * @param parameters of the slots, which have the step; see {@link Sampling}
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
