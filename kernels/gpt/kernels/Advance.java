package gpt.kernels;

import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task7;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * The rows of the next pass, as the device goes on by itself: sample b is row b, its token the one that
 * was chosen, its position the one behind the row that its logits came from.
 *
 *   token[b] = chosen[b],  position[b] = position[rowOf[b]] + 1,  slot[b] = rowOf[b] = b,
 *   R = logit rows = B,  step + 1
 *
 * shapes    chosen, and the first B of tokens, positions, slots, rowOf
 * bound     the launch: 36 bytes a sample
 * threads   one work item for all samples: position[b] may be the one that another sample reads
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: the loop over samples, written as a parallel loop of one.
 *   <li>{@code onePerPass}: the same with a grid.
 * </ul>
 *
 * <p>Test: {@code PassTest}. Benchmark: {@code scripts/bench --operations advance}.
 */
public final class Advance {
  /**
   * What a launch takes.
   *
   * @param pass see {@link Pass}
   * @param chosen ids (B)
   * @param tokens (R)
   * @param positions (R)
   * @param slots (R)
   * @param rowOf (logit rows)
   */
  public record Arguments(
      IntArray pass,
      IntArray chosen,
      IntArray tokens,
      IntArray positions,
      IntArray slots,
      IntArray rowOf) {}

  /** A parallel loop of one. */
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
                  a.slots,
                  a.rowOf,
                  1));

  /** One work item. */
  public static final Version<Arguments> ONE_PER_PASS = onePerPass(Advance::onePerPass);

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS = List.of(NAIVE, ONE_PER_PASS);

  private Advance() {}

  private static Version<Arguments> onePerPass(
      Task7<KernelContext, IntArray, IntArray, IntArray, IntArray, IntArray, IntArray> kernel) {
    return new Version<>(
        "onePerPass",
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
                a.slots,
                a.rowOf),
        (a, rows) -> Version.groups(1, 1));
  }

  static void naive(
      IntArray pass,
      IntArray chosen,
      IntArray tokens,
      IntArray positions,
      IntArray slots,
      IntArray rowOf,
      int one) {
    for (@Parallel int i = 0; i < one; i++) {
      advance(pass, chosen, tokens, positions, slots, rowOf);
    }
  }

  static void onePerPass(
      KernelContext context,
      IntArray pass,
      IntArray chosen,
      IntArray tokens,
      IntArray positions,
      IntArray slots,
      IntArray rowOf) {
    if (context.globalIdx == 0) {
      advance(pass, chosen, tokens, positions, slots, rowOf);
    }
  }

  private static void advance(
      IntArray pass,
      IntArray chosen,
      IntArray tokens,
      IntArray positions,
      IntArray slots,
      IntArray rowOf) {
    int samples = pass.get(Pass.SAMPLES);
    int logitRows = pass.get(Pass.LOGIT_ROWS);
    // Where all samples share a row, its position is overwritten by the first of them.
    int shared = positions.get(rowOf.get(0)) + 1;
    for (int b = 0; b < samples; b++) {
      int position = shared;
      if (logitRows > 1) {
        position = positions.get(rowOf.get(b)) + 1;
      }
      tokens.set(b, chosen.get(b));
      positions.set(b, position);
      slots.set(b, b);
      rowOf.set(b, b);
    }
    pass.set(Pass.ROWS, samples);
    pass.set(Pass.DRAWN_ROWS, logitRows);
    pass.set(Pass.LOGIT_ROWS, samples);
    pass.set(Pass.STEP, pass.get(Pass.STEP) + 1);
  }
}
