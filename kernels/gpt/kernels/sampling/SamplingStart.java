package gpt.kernels.sampling;

import gpt.kernels.runtime.Version;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * How the tokens of one slot are drawn, and what its text has seen: two arrays come from the host, once
 * for a text, and are unpacked into those that the other kernels read.
 *
 * shapes    ints (1 + PARAMETERS + V): the slot, its parameters, then what was seen of each id
 *           floats (FACTORS + V): the factors, then the biases
 *           parameters (B, PARAMETERS) · factors (B, FACTORS) · seen, bias (B, V)
 * bound     memory: 16·V bytes
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

  /** Where the parameters begin in the ints from the host. */
  public static final int HEADER = 1;

  /**
   * What a launch takes.
   *
   * @param ints from the host
   * @param floats from the host
   * @param parameters of the slots (B, PARAMETERS); see {@link Sampling}
   * @param factors of the slots (B, FACTORS)
   * @param seen of the slots (B, V)
   * @param bias of the slots (B, V)
   * @param vocabSize V
   */
  public record Arguments(
      IntArray ints,
      FloatArray floats,
      IntArray parameters,
      FloatArray factors,
      IntArray seen,
      FloatArray bias,
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
      int vocabSize,
      int items) {
    for (@Parallel int i = 0; i < items; i++) {
      unpack(i, ints, floats, parameters, factors, seen, bias, vocabSize);
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
      int vocabSize) {
    unpack(context.globalIdx, ints, floats, parameters, factors, seen, bias, vocabSize);
  }

  private static void unpack(
      int i,
      IntArray ints,
      FloatArray floats,
      IntArray parameters,
      FloatArray factors,
      IntArray seen,
      FloatArray bias,
      int vocabSize) {
    int slot = ints.get(0);
    if (i < Sampling.PARAMETERS) {
      parameters.set(slot * Sampling.PARAMETERS + i, ints.get(HEADER + i));
    }
    if (i < Sampling.FACTORS) {
      factors.set(slot * Sampling.FACTORS + i, floats.get(i));
    }
    if (i < vocabSize) {
      bias.set(slot * vocabSize + i, floats.get(Sampling.FACTORS + i));
      seen.set(slot * vocabSize + i, ints.get(HEADER + Sampling.PARAMETERS + i));
    }
  }
}
