package gpt.kernels;

import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * offset[b] = score[b] − largest − ln Σ exp(x − largest), over all logits x of beam b: what makes of a
 * logit a candidate's score. The prompt's score, at step 0, is 0. And a status of {@link Sampling}, which
 * is 0 where there are candidates.
 *
 * shapes    values (B, G, M), a chunk's largest first · sums (B, G) · scores, offsets, failures (B)
 * bound     the launch: 8·G bytes a beam
 * threads   one beam a work item, which adds its chunks up in order
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: the loop.
 *   <li>{@code beamPerThread}: the same with a grid.
 * </ul>
 *
 * <p>Test: {@code BeamKernelsTest}. Benchmark: {@code scripts/bench --operations beam-totals}.
 */
public final class BeamTotals {
  private static final float MOST = 1e38f;

  /**
   * What a launch takes.
   *
   * @param pass see {@link Pass}
   * @param values (B, G, M), from {@link BeamChunks}
   * @param sums (B, G), from there too
   * @param scores (B)
   * @param offsets (B), the result
   * @param failures (B), the result
   * @param beams B
   * @param chunks G
   * @param most M
   */
  public record Arguments(
      IntArray pass,
      FloatArray values,
      FloatArray sums,
      FloatArray scores,
      FloatArray offsets,
      IntArray failures,
      int beams,
      int chunks,
      int most) {}

  /** The loop. */
  public static final Version<Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(
                  id,
                  BeamTotals::naive,
                  a.pass,
                  a.values,
                  a.sums,
                  a.scores,
                  a.offsets,
                  a.failures,
                  a.beams,
                  a.chunks,
                  a.most));

  /** One beam a work item. */
  public static final Version<Arguments> BEAM_PER_THREAD =
      new Version<>(
          "beamPerThread",
          Version.Target.GPU,
          (graph, id, a) ->
              graph.task(
                  id,
                  BeamTotals::beamPerThread,
                  new KernelContext(),
                  a.pass,
                  a.values,
                  a.sums,
                  a.scores,
                  a.offsets,
                  a.failures,
                  a.chunks,
                  a.most),
          (a, rows) -> Version.groups(a.beams, 1));

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS = List.of(NAIVE, BEAM_PER_THREAD);

  private BeamTotals() {}

  static void naive(
      IntArray pass,
      FloatArray values,
      FloatArray sums,
      FloatArray scores,
      FloatArray offsets,
      IntArray failures,
      int beams,
      int chunks,
      int most) {
    for (@Parallel int b = 0; b < beams; b++) {
      total(b, pass, values, sums, scores, offsets, failures, chunks, most);
    }
  }

  static void beamPerThread(
      KernelContext context,
      IntArray pass,
      FloatArray values,
      FloatArray sums,
      FloatArray scores,
      FloatArray offsets,
      IntArray failures,
      int chunks,
      int most) {
    int b = context.globalIdx;
    total(b, pass, values, sums, scores, offsets, failures, chunks, most);
  }

  private static void total(
      int b,
      IntArray pass,
      FloatArray values,
      FloatArray sums,
      FloatArray scores,
      FloatArray offsets,
      IntArray failures,
      int chunks,
      int most) {
    if (b < pass.get(Pass.SAMPLES)) {
      float largest = Sampling.NOTHING;
      int status = 0;
      for (int g = 0; g < chunks; g++) {
        int i = b * chunks + g;
        largest = Math.max(largest, values.get(i * most));
        float sum = sums.get(i);
        if (sum < 0) {
          status = Math.min(status, (int) sum);
        }
      }
      float top = Math.min(largest, MOST);
      float total = 0;
      for (int g = 0; g < chunks; g++) {
        int i = b * chunks + g;
        float value = Math.min(values.get(i * most), MOST);
        if (value >= Sampling.LEAST) {
          total += sums.get(i) * TornadoMath.exp(value - top);
        }
      }
      if (status == 0) {
        if (largest < Sampling.LEAST) {
          status = Sampling.EMPTY;
        }
      }
      float offset = 0;
      if (status == 0) {
        offset = -TornadoMath.log(total) - top;
        if (pass.get(Pass.STEP) > 0) {
          offset = offset + scores.get(b);
        }
      }
      offsets.set(b, offset);
      failures.set(b, status);
    }
  }
}
