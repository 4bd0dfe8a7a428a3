package gpt.kernels.sampling;

import uk.ac.manchester.tornado.api.KernelContext;

/**
 * Reductions over the work items of a workgroup, as trees in local memory. All work items call a
 * method together, each with its own value, and all get the result.
 *
 * <p>Each method allocates its own array: TornadoVM addresses the wrong elements of a local array
 * that is passed to a method. A call costs 1 or 2 KB of local memory, in a loop too.
 */
final class Workgroup {
  /** Largest number of work items, a power of two. */
  static final int MAX = 256;

  private Workgroup() {}

  /** The largest value. */
  static float largest(KernelContext context, int group, float value) {
    float[] values = context.allocateFloatLocalArray(MAX);
    int lane = context.localIdx;
    context.localBarrier(); // after reading the result of the last call
    values[lane] = value;
    for (int half = group / 2; half > 0; half = half / 2) {
      context.localBarrier();
      if (lane < half) {
        if (values[lane + half] > values[lane]) {
          values[lane] = values[lane + half];
        }
      }
    }
    context.localBarrier();
    return values[0];
  }

  /** The smallest value. */
  static int smallest(KernelContext context, int group, int value) {
    int[] values = context.allocateIntLocalArray(MAX);
    int lane = context.localIdx;
    context.localBarrier();
    values[lane] = value;
    for (int half = group / 2; half > 0; half = half / 2) {
      context.localBarrier();
      if (lane < half) {
        values[lane] = Math.min(values[lane], values[lane + half]);
      }
    }
    context.localBarrier();
    return values[0];
  }

  /** The sum of the values. */
  static long total(KernelContext context, int group, long value) {
    long[] sums = context.allocateLongLocalArray(MAX);
    int lane = context.localIdx;
    context.localBarrier();
    sums[lane] = value;
    for (int half = group / 2; half > 0; half = half / 2) {
      context.localBarrier();
      if (lane < half) {
        sums[lane] = sums[lane] + sums[lane + half];
      }
    }
    context.localBarrier();
    return sums[0];
  }

  /** The sum of the values of the work items before this one. */
  static int before(KernelContext context, int group, int value) {
    int[] sums = context.allocateIntLocalArray(MAX);
    int lane = context.localIdx;
    context.localBarrier();
    sums[lane] = value;
    for (int distance = 1; distance < group; distance = 2 * distance) {
      context.localBarrier();
      int other = 0;
      if (lane >= distance) {
        other = sums[lane - distance];
      }
      context.localBarrier();
      sums[lane] = sums[lane] + other;
    }
    return sums[lane] - value;
  }
}
