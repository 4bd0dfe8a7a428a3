package gpt.kernels.runtime;

import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * Sets the rows of the next step as the host requests them: unpacks the one array that the host uploads
 * into those that the other kernels read. Steady decoding needs no upload: {@link
 * gpt.kernels.sampling.SamplingChain} sets the rows.
 *
 * shapes    request (3 + 3·maxRows + 3·maxLogitRows): the numbers of rows, logit rows and drawn rows; token,
 *           position and slot of each row; for each logit row its row, its slot, and its STEP if drawn
 *           pass ({@link Pass}) · tokens, positions, slots (R) · rowOf, slotOf (logit rows)
 * bound     launch-bound: 12 bytes a row
 * threads   one row a work item
 * example   maxRows = maxLogitRows = 1, request 1, 1, 1, 42, 7, 0, 0, 0, 5: one row, token 42 at position 7 of
 *           slot 0; its logits are computed and a token is drawn at step 5
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: the loop.
 *   <li>{@code rowPerThread}: the same with a grid for the rows of the step.
 * </ul>
 *
 * <p>Rejected: one upload for each array. Five transfers cost more than one transfer and a launch.
 *
 * <p>Read before: {@link Pass}. After: {@link gpt.kernels.Embedding}.
 *
 * <p>Test: {@code PassTest}. Benchmark: {@code scripts/bench --operations feed}.
 */
public final class Feed {
  private static final int THREADS = 64;

  /**
   * Index of the first token in a request, after the three numbers in the order of {@link Pass}.
   */
  public static final int HEADER = 3;

  private Feed() {}

  private static void unpack(
      int r,
      IntArray request,
      IntArray pass,
      IntArray tokens,
      IntArray positions,
      IntArray slots,
      IntArray rowOf,
      IntArray slotOf,
      IntArray parameters,
      int maxRows,
      int maxLogitRows) {
    if (r == 0) {
      pass.set(Pass.ROWS, request.get(0));
      pass.set(Pass.LOGIT_ROWS, request.get(1));
      pass.set(Pass.DRAWN_ROWS, request.get(2));
    }
    if (r < request.get(0)) {
      tokens.set(r, request.get(HEADER + r));
      positions.set(r, request.get(HEADER + maxRows + r));
      slots.set(r, request.get(HEADER + 2 * maxRows + r));
    }
    if (r < request.get(1)) {
      int logitRow = HEADER + 3 * maxRows + r;
      int slot = request.get(logitRow + maxLogitRows);
      rowOf.set(r, request.get(logitRow));
      slotOf.set(r, slot);
      if (r < request.get(2)) {
        int step = request.get(logitRow + 2 * maxLogitRows);
        parameters.set(slot * Sampling.PARAMETERS + Sampling.STEP, step);
      }
    }
  }

  static void naive(
      IntArray request,
      IntArray pass,
      IntArray tokens,
      IntArray positions,
      IntArray slots,
      IntArray rowOf,
      IntArray slotOf,
      IntArray parameters,
      int maxRows,
      int maxLogitRows) {
    for (@Parallel int r = 0; r < maxRows; r++) {
      unpack(
          r,
          request,
          pass,
          tokens,
          positions,
          slots,
          rowOf,
          slotOf,
          parameters,
          maxRows,
          maxLogitRows);
    }
  }

  static void rowPerThread(
      KernelContext context,
      IntArray request,
      IntArray pass,
      IntArray tokens,
      IntArray positions,
      IntArray slots,
      IntArray rowOf,
      IntArray slotOf,
      IntArray parameters,
      int maxRows,
      int maxLogitRows) {
    int r = context.globalIdx;
    unpack(
        r,
        request,
        pass,
        tokens,
        positions,
        slots,
        rowOf,
        slotOf,
        parameters,
        maxRows,
        maxLogitRows);
  }

  // Plumbing: arguments, tasks and grids.

  /**
   * Arguments of a launch.
   *
   * @param request uploaded by the host
   * @param pass see {@link Pass}
   * @param tokens token ids (R)
   * @param positions of the rows in their contexts (R)
   * @param slots of the rows in the KV cache (R)
   * @param rowOf row of x for each logit row
   * @param slotOf slot of each logit row
   * @param parameters (B, PARAMETERS); see {@link Sampling}
   * @param maxRows capacity in rows
   * @param maxLogitRows capacity in logit rows
   */
  public record Arguments(
      IntArray request,
      IntArray pass,
      IntArray tokens,
      IntArray positions,
      IntArray slots,
      IntArray rowOf,
      IntArray slotOf,
      IntArray parameters,
      int maxRows,
      int maxLogitRows) {}

  /** The loop. */
  public static final Version<Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(
                  id,
                  Feed::naive,
                  a.request,
                  a.pass,
                  a.tokens,
                  a.positions,
                  a.slots,
                  a.rowOf,
                  a.slotOf,
                  a.parameters,
                  a.maxRows,
                  a.maxLogitRows));

  /** One row a work item. */
  public static final Version<Arguments> ROW_PER_THREAD =
      new Version<>(
          "rowPerThread",
          Version.Target.GPU,
          (graph, id, a) ->
              graph.task(
                  id,
                  Feed::rowPerThread,
                  new KernelContext(),
                  a.request,
                  a.pass,
                  a.tokens,
                  a.positions,
                  a.slots,
                  a.rowOf,
                  a.slotOf,
                  a.parameters,
                  a.maxRows,
                  a.maxLogitRows),
          (a, rows) -> Version.items(Math.max(rows, a.maxLogitRows), THREADS));

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS = List.of(NAIVE, ROW_PER_THREAD);
}
