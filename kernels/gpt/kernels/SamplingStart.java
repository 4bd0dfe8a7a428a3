package gpt.kernels;

import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * The sampling chain's parameters, and the prompt's part of what each text has seen: two arrays come
 * from the host, once for a group of texts, and are unpacked into those that the other kernels read.
 *
 * shapes    ints (PARAMETERS + V): the parameters, then for each id the prompt's bit
 *           floats (FACTORS + V): the factors, then the biases
 *           parameters · factors · seen (B, V) · bias (V)
 * bound     memory: 12·V bytes, and 4·V more a sample
 * threads   one id a work item
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: the loop.
 *   <li>{@code idPerThread}: the same with a grid.
 * </ul>
 *
 * <p>Test: {@code SamplingTest}. Benchmark: {@code scripts/bench --operations sampling-start}.
 */
public final class SamplingStart {
  private static final int THREADS = 64;

  /**
   * What a launch takes.
   *
   * @param ints from the host
   * @param floats from the host
   * @param parameters see {@link Sampling}
   * @param factors see {@link Sampling}
   * @param seen (B, V)
   * @param bias (V)
   * @param samples B
   * @param vocabSize V
   */
  public record Arguments(
      IntArray ints,
      FloatArray floats,
      IntArray parameters,
      FloatArray factors,
      IntArray seen,
      FloatArray bias,
      int samples,
      int vocabSize) {
    private int items() {
      return Math.max(vocabSize, Sampling.PARAMETERS);
    }
  }

  /** The loop. */
  public static final Version<Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(
                  id,
                  SamplingStart::naive,
                  a.ints,
                  a.floats,
                  a.parameters,
                  a.factors,
                  a.seen,
                  a.bias,
                  a.samples,
                  a.vocabSize,
                  a.items()));

  /** One id a work item. */
  public static final Version<Arguments> ID_PER_THREAD =
      new Version<>(
          "idPerThread",
          Version.Target.GPU,
          (graph, id, a) ->
              graph.task(
                  id,
                  SamplingStart::idPerThread,
                  new KernelContext(),
                  a.ints,
                  a.floats,
                  a.parameters,
                  a.factors,
                  a.seen,
                  a.bias,
                  a.samples,
                  a.vocabSize),
          (a, rows) -> Version.items(a.items(), THREADS));

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS = List.of(NAIVE, ID_PER_THREAD);

  private SamplingStart() {}

  static void naive(
      IntArray ints,
      FloatArray floats,
      IntArray parameters,
      FloatArray factors,
      IntArray seen,
      FloatArray bias,
      int samples,
      int vocabSize,
      int items) {
    for (@Parallel int i = 0; i < items; i++) {
      unpack(i, ints, floats, parameters, factors, seen, bias, samples, vocabSize);
    }
  }

  static void idPerThread(
      KernelContext context,
      IntArray ints,
      FloatArray floats,
      IntArray parameters,
      FloatArray factors,
      IntArray seen,
      FloatArray bias,
      int samples,
      int vocabSize) {
    unpack(context.globalIdx, ints, floats, parameters, factors, seen, bias, samples, vocabSize);
  }

  private static void unpack(
      int i,
      IntArray ints,
      FloatArray floats,
      IntArray parameters,
      FloatArray factors,
      IntArray seen,
      FloatArray bias,
      int samples,
      int vocabSize) {
    if (i < Sampling.PARAMETERS) {
      parameters.set(i, ints.get(i));
    }
    if (i < Sampling.FACTORS) {
      factors.set(i, floats.get(i));
    }
    if (i < vocabSize) {
      bias.set(i, floats.get(Sampling.FACTORS + i));
      for (int b = 0; b < samples; b++) {
        seen.set(b * vocabSize + i, ints.get(Sampling.PARAMETERS + i));
      }
    }
  }
}
