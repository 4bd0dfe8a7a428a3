package gpt.kernels;

import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task11;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * The M best candidates of all beams, the best first, from the lists of their chunks: M times the best of
 * the lists' heads, score = offset[b] + value. Among equals the lower beam, then the lower chunk, then the
 * lower id.
 *
 * shapes    values, ids (B, G, M) · offsets, failures (B) · heads (B, G), scratch
 *           candidates (2 + 2·M): how many, 0, then beam and id of each; or a status of {@link Sampling} and
 *           the beam that has it · candidateScores (M)
 * bound     latency: M rounds over B·G heads, one after another
 * threads   one group for all: a round needs the result of the one before
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: the loops, written as a parallel loop of one.
 *   <li>{@code onePerPass}: the same with a grid.
 *   <li>{@code oneGroup}: 256 lanes, each with every 256th list, then a tree in local memory.
 * </ul>
 *
 * <p>Test: {@code BeamKernelsTest}. Benchmark: {@code scripts/bench --operations beam-merge}.
 */
public final class BeamMerge {
  private static final int GROUP = 256;

  /** Where the candidates begin. */
  public static final int HEADER = 2;

  /** No list. */
  private static final int NO_LIST = Integer.MAX_VALUE;

  /**
   * What a launch takes.
   *
   * @param pass see {@link Pass}
   * @param values (B, G, M), from {@link BeamChunks}
   * @param ids (B, G, M), from there too
   * @param offsets (B), from {@link BeamTotals}
   * @param failures (B), from there too
   * @param heads (B, G), scratch
   * @param candidates (2 + 2·M), the result
   * @param candidateScores (M), the result
   * @param chunks G
   * @param most M
   */
  public record Arguments(
      IntArray pass,
      FloatArray values,
      IntArray ids,
      FloatArray offsets,
      IntArray failures,
      IntArray heads,
      IntArray candidates,
      FloatArray candidateScores,
      int chunks,
      int most) {}

  /** A parallel loop of one. */
  public static final Version<Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(
                  id,
                  BeamMerge::naive,
                  a.pass,
                  a.values,
                  a.ids,
                  a.offsets,
                  a.failures,
                  a.heads,
                  a.candidates,
                  a.candidateScores,
                  a.chunks,
                  a.most,
                  1));

  /** One work item. */
  public static final Version<Arguments> ONE_PER_PASS =
      version("onePerPass", Version.Target.CPU, BeamMerge::onePerPass, 1);

  /** One workgroup. */
  public static final Version<Arguments> ONE_GROUP =
      version("oneGroup", Version.Target.GPU, BeamMerge::oneGroup, GROUP);

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS = List.of(NAIVE, ONE_PER_PASS, ONE_GROUP);

  private BeamMerge() {}

  private static Version<Arguments> version(
      String name,
      Version.Target target,
      Task11<
              KernelContext,
              IntArray,
              FloatArray,
              IntArray,
              FloatArray,
              IntArray,
              IntArray,
              IntArray,
              FloatArray,
              Integer,
              Integer>
          kernel,
      int group) {
    return new Version<>(
        name,
        target,
        (graph, id, a) ->
            graph.task(
                id,
                kernel,
                new KernelContext(),
                a.pass,
                a.values,
                a.ids,
                a.offsets,
                a.failures,
                a.heads,
                a.candidates,
                a.candidateScores,
                a.chunks,
                a.most),
        (a, rows) -> Version.groups(1, group));
  }

  static void naive(
      IntArray pass,
      FloatArray values,
      IntArray ids,
      FloatArray offsets,
      IntArray failures,
      IntArray heads,
      IntArray candidates,
      FloatArray candidateScores,
      int chunks,
      int most,
      int one) {
    for (@Parallel int i = 0; i < one; i++) {
      merge(pass, values, ids, offsets, failures, heads, candidates, candidateScores, chunks, most);
    }
  }

  static void onePerPass(
      KernelContext context,
      IntArray pass,
      FloatArray values,
      IntArray ids,
      FloatArray offsets,
      IntArray failures,
      IntArray heads,
      IntArray candidates,
      FloatArray candidateScores,
      int chunks,
      int most) {
    if (context.globalIdx == 0) {
      merge(pass, values, ids, offsets, failures, heads, candidates, candidateScores, chunks, most);
    }
  }

  private static void merge(
      IntArray pass,
      FloatArray values,
      IntArray ids,
      FloatArray offsets,
      IntArray failures,
      IntArray heads,
      IntArray candidates,
      FloatArray candidateScores,
      int chunks,
      int most) {
    int lists = pass.get(Pass.SAMPLES) * chunks;
    for (int i = 0; i < lists; i++) {
      heads.set(i, 0);
    }
    int count = 0;
    for (int k = 0; k < most; k++) {
      float score = Sampling.NOTHING;
      int best = NO_LIST;
      for (int i = 0; i < lists; i++) {
        int head = heads.get(i);
        if (head < most) {
          if (ids.get(i * most + head) >= 0) {
            float other = offsets.get(i / chunks) + values.get(i * most + head);
            if (other > score) {
              score = other;
              best = i;
            }
          }
        }
      }
      if (best != NO_LIST) {
        int head = heads.get(best);
        candidates.set(HEADER + 2 * k, best / chunks);
        candidates.set(HEADER + 2 * k + 1, ids.get(best * most + head));
        candidateScores.set(k, score);
        heads.set(best, head + 1);
        count = count + 1;
      }
    }
    finish(pass, failures, candidates, count);
  }

  static void oneGroup(
      KernelContext context,
      IntArray pass,
      FloatArray values,
      IntArray ids,
      FloatArray offsets,
      IntArray failures,
      IntArray heads,
      IntArray candidates,
      FloatArray candidateScores,
      int chunks,
      int most) {
    float[] scores = context.allocateFloatLocalArray(GROUP);
    int[] places = context.allocateIntLocalArray(GROUP);
    int lane = context.localIdx;
    int lists = pass.get(Pass.SAMPLES) * chunks;
    // A lane's lists are its own: no other reads or writes their heads.
    for (int i = lane; i < lists; i += GROUP) {
      heads.set(i, 0);
    }
    int count = 0;
    for (int k = 0; k < most; k++) {
      float score = Sampling.NOTHING;
      int best = NO_LIST;
      for (int i = lane; i < lists; i += GROUP) {
        int head = heads.get(i);
        if (head < most) {
          if (ids.get(i * most + head) >= 0) {
            float other = offsets.get(i / chunks) + values.get(i * most + head);
            if (other > score) {
              score = other;
              best = i;
            }
          }
        }
      }
      scores[lane] = score;
      places[lane] = best;
      for (int half = GROUP / 2; half > 0; half = half / 2) {
        context.localBarrier();
        if (lane < half) {
          int take = 0;
          if (scores[lane + half] > scores[lane]) {
            take = 1;
          }
          if (scores[lane + half] == scores[lane]) {
            if (places[lane + half] < places[lane]) {
              take = 1;
            }
          }
          if (take == 1) {
            scores[lane] = scores[lane + half];
            places[lane] = places[lane + half];
          }
        }
      }
      context.localBarrier();
      int winner = places[0];
      if (winner != NO_LIST) {
        count = count + 1;
        if (winner % GROUP == lane) {
          int head = heads.get(winner);
          candidates.set(HEADER + 2 * k, winner / chunks);
          candidates.set(HEADER + 2 * k + 1, ids.get(winner * most + head));
          candidateScores.set(k, scores[0]);
          heads.set(winner, head + 1);
        }
      }
      context.localBarrier();
    }
    if (lane == 0) {
      finish(pass, failures, candidates, count);
    }
  }

  private static void finish(IntArray pass, IntArray failures, IntArray candidates, int count) {
    int status = count;
    int beam = 0;
    for (int b = 0; b < pass.get(Pass.SAMPLES); b++) {
      int failure = failures.get(b);
      if (failure < 0) {
        if (status >= 0) {
          status = failure;
          beam = b;
        }
      }
    }
    candidates.set(0, status);
    candidates.set(1, beam);
  }
}
