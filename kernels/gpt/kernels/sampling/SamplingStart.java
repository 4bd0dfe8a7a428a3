package gpt.kernels.sampling;

import gpt.kernels.runtime.Sampling;
import gpt.kernels.runtime.Version;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * Unpacks the sampling parameters of one slot, which the host uploads once for a completion as two
 * arrays, into the arrays that the other kernels read:
 *
 *   parameters[slot], seen[slot] ← ints,   factors[slot], bias[slot] ← floats
 *
 * shapes    ints (1 + PARAMETERS + V): the slot, its parameters, then the seen bits of each token
 *           floats (FACTORS + V): the factors, then the biases
 *           parameters (slots, PARAMETERS) · factors (slots, FACTORS) · seen, bias (slots, V)
 * bound     memory: 16·V bytes
 * threads   one token id a work item, coalesced
 * example   V = 4, ints 2, then the parameters, then 0, 0, 1, 0: seen[2] = 0, 0, 1, 0
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: the loop.
 *   <li>{@code idPerThread}: the same with an explicit grid.
 * </ul>
 *
 * <p>Read before: {@link Sampling}. After: {@link SamplingChain}.
 *
 * <p>Test: {@code SamplingTest}. Benchmark: {@code scripts/bench --operations sampling-start}.
 */
public final class SamplingStart {
  private static final int THREADS = 64;

  /** Index of the first parameter in {@code ints}. */
  public static final int HEADER = 1;

  private SamplingStart() {}

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

  // Plumbing: arguments, tasks and grids.

  /**
   * Arguments of a launch.
   *
   * @param ints uploaded by the host
   * @param floats uploaded by the host
   * @param parameters (slots, PARAMETERS), a result; see {@link Sampling}
   * @param factors (slots, FACTORS), a result
   * @param seen (slots, V), a result
   * @param bias (slots, V), a result
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

  /** One token id a work item. */
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
}
