package gpt.kernels.runtime;

import gpt.kernels.sampling.Sampling;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * The rows of the next pass, as the host asks for them: one array comes from the host and is unpacked
 * into those that the other kernels read. After a prompt the device feeds itself ({@link Advance}).
 *
 * shapes    request (3 + 3·R + 3·logit rows): R, logit rows, drawn rows, then token, position and slot of
 *           each row, then for logit rows the row it comes from, its slot, and its step if it is drawn
 *           pass ({@link Pass}) · tokens, positions, slots (R) · rowOf, slotOf (logit rows)
 * bound     the launch: 12 bytes a row
 * threads   one row a work item
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: the loop.
 *   <li>{@code rowPerThread}: the same with a grid that follows the number of rows.
 * </ul>
 *
 * Tried and rejected: an array each, copied to the device in a transfer of its own; five transfers
 * cost more than one and a launch.
 *
 * <p>Test: {@code PassTest}. Benchmark: {@code scripts/bench --operations feed}.
 */
public final class Feed {
  private static final int THREADS = 64;

  /** Where the tokens begin in a request. */
  public static final int HEADER = 3;

  /**
   * What a launch takes.
   *
   * @param request from the host
   * @param pass see {@link Pass}
   * @param tokens ids (R)
   * @param positions in their contexts (R)
   * @param slots samples whose contexts they extend (R)
   * @param rowOf the row of x that each row of logits comes from
   * @param slotOf the slot of each row of logits
   * @param parameters of the slots, which have the step; see {@link Sampling}
   * @param maxRows length of the arrays for R
   * @param maxLogitRows length of rowOf and slotOf
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

  private Feed() {}

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
}
