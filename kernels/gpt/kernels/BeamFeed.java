package gpt.kernels;

import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * The rows of the next pass of beam search: beam b is row b, and goes on with the candidate that the host
 * picked for it. Its token and its score are on the device already.
 *
 *   token[b] = id of candidate picked[b],  score[b] = its score,  position[b] = tokens so far,
 *   slot[b] as the host says,  rowOf[b] = b,  R = logit rows = samples = beams,  step + 1
 *
 * shapes    request (2 + 3·B): tokens so far, the contexts to copy ({@link SlotCopy}), beams, then picked
 *           and slot of each, B places for either
 *           candidates (2 + 2·M), candidateScores (M): see {@link BeamMerge}
 *           scores (B) · the first B of tokens, positions, slots, rowOf
 * bound     the launch: 40 bytes a beam
 * threads   one work item for all beams, as in {@link Advance}
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: the loop over beams, written as a parallel loop of one.
 *   <li>{@code onePerPass}: the same with a grid.
 * </ul>
 *
 * <p>Test: {@code BeamKernelsTest}. Benchmark: {@code scripts/bench --operations beam-feed}.
 */
public final class BeamFeed {
  /**
   * What a launch takes.
   *
   * @param request from the host
   * @param pass see {@link Pass}
   * @param candidates (2 + 2·M)
   * @param candidateScores (M)
   * @param scores (B), the result
   * @param rows the arrays that say what the next pass works on
   * @param beams B
   */
  public record Arguments(
      IntArray request,
      IntArray pass,
      IntArray candidates,
      FloatArray candidateScores,
      FloatArray scores,
      Rows rows,
      int beams) {

    /** Ints of a request. */
    public static int requestSize(int beams) {
      return 2 + 3 * beams;
    }

    /** Where a request has the number of beams; the picked candidates and the slots follow. */
    public static int count(int beams) {
      return SlotCopy.SOURCES + beams;
    }
  }

  /**
   * Rows of a pass.
   *
   * @param tokens ids (R)
   * @param positions in their contexts (R)
   * @param slots contexts that they extend (R)
   * @param rowOf the row that each row of logits comes from
   */
  public record Rows(IntArray tokens, IntArray positions, IntArray slots, IntArray rowOf) {}

  /** A parallel loop of one. */
  public static final Version<Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(
                  id,
                  BeamFeed::naive,
                  a.request,
                  a.pass,
                  a.candidates,
                  a.candidateScores,
                  a.scores,
                  a.rows.tokens,
                  a.rows.positions,
                  a.rows.slots,
                  a.rows.rowOf,
                  a.beams,
                  1));

  /** One work item. */
  public static final Version<Arguments> ONE_PER_PASS =
      new Version<>(
          "onePerPass",
          Version.Target.GPU,
          (graph, id, a) ->
              graph.task(
                  id,
                  BeamFeed::onePerPass,
                  new KernelContext(),
                  a.request,
                  a.pass,
                  a.candidates,
                  a.candidateScores,
                  a.scores,
                  a.rows.tokens,
                  a.rows.positions,
                  a.rows.slots,
                  a.rows.rowOf,
                  a.beams),
          (a, rows) -> Version.groups(1, 1));

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS = List.of(NAIVE, ONE_PER_PASS);

  private BeamFeed() {}

  static void naive(
      IntArray request,
      IntArray pass,
      IntArray candidates,
      FloatArray candidateScores,
      FloatArray scores,
      IntArray tokens,
      IntArray positions,
      IntArray slots,
      IntArray rowOf,
      int beams,
      int one) {
    for (@Parallel int i = 0; i < one; i++) {
      feed(
          request,
          pass,
          candidates,
          candidateScores,
          scores,
          tokens,
          positions,
          slots,
          rowOf,
          beams);
    }
  }

  static void onePerPass(
      KernelContext context,
      IntArray request,
      IntArray pass,
      IntArray candidates,
      FloatArray candidateScores,
      FloatArray scores,
      IntArray tokens,
      IntArray positions,
      IntArray slots,
      IntArray rowOf,
      int beams) {
    if (context.globalIdx == 0) {
      feed(
          request,
          pass,
          candidates,
          candidateScores,
          scores,
          tokens,
          positions,
          slots,
          rowOf,
          beams);
    }
  }

  private static void feed(
      IntArray request,
      IntArray pass,
      IntArray candidates,
      FloatArray candidateScores,
      FloatArray scores,
      IntArray tokens,
      IntArray positions,
      IntArray slots,
      IntArray rowOf,
      int beams) {
    int count = request.get(SlotCopy.SOURCES + beams);
    int picked = SlotCopy.SOURCES + beams + 1;
    for (int b = 0; b < count; b++) {
      int candidate = request.get(picked + b);
      tokens.set(b, candidates.get(BeamMerge.HEADER + 2 * candidate + 1));
      scores.set(b, candidateScores.get(candidate));
      positions.set(b, request.get(0));
      slots.set(b, request.get(picked + beams + b));
      rowOf.set(b, b);
    }
    pass.set(Pass.ROWS, count);
    pass.set(Pass.LOGIT_ROWS, count);
    pass.set(Pass.SAMPLES, count);
    pass.set(Pass.STEP, pass.get(Pass.STEP) + 1);
  }
}
