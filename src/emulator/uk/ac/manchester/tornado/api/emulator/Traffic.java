package uk.ac.manchester.tornado.api.emulator;

import java.util.List;

/**
 * What the warps of a launch do, see {@link Counting}.
 *
 * @param items work items that read or write anything
 * @param groups workgroups; 0 for an {@code @Parallel} kernel
 * @param arrays each array in global memory
 * @param localRequests instructions of a warp that access local memory
 * @param localPasses passes that these take; more than requests if there are bank conflicts
 * @param barriers barriers that a workgroup passes
 * @param warpSums sums of a warp by shuffles, of all warps
 * @param flops additions, subtractions, multiplications and divisions of floats
 * @param functions calls of TornadoMath
 */
public record Traffic(
    long items,
    int groups,
    List<ArrayTraffic> arrays,
    long localRequests,
    long localPasses,
    long barriers,
    long warpSums,
    long flops,
    long functions) {

  /** Loads and stores of all arrays. */
  public ArrayTraffic.Accesses total() {
    return arrays.stream()
        .map(a -> a.loads().plus(a.stores()))
        .reduce(new ArrayTraffic.Accesses(0, 0, 0), ArrayTraffic.Accesses::plus);
  }

  /** What is read and written of an array; nothing if it is not accessed. */
  public ArrayTraffic of(String name) {
    ArrayTraffic.Accesses none = new ArrayTraffic.Accesses(0, 0, 0);
    return arrays.stream()
        .filter(a -> a.name().equals(name))
        .findFirst()
        .orElse(new ArrayTraffic(name, none, none, 0));
  }
}
