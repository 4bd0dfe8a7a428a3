package gpt.kernels.sampling;

import uk.ac.manchester.tornado.api.KernelContext;

/**
 * Reductions over the work items of a workgroup, as trees in local memory. All work items call a
 * method together, each with its own value, and all get the result.
 *
 * <p>Each node of a tree has {@link #FAN} children: for 256 values two levels and three barriers,
 * where a binary tree has nine. Each method allocates its own array, since TornadoVM addresses the
 * wrong elements of a local array that is passed to a method; a call costs 1 or 2 KB.
 *
 * <p>Example: of 256 values, lane 3 first takes those of the lanes 3, 19, 35, …, 243, then lane 0
 * takes those of the lanes 0 to 15.
 *
 * <p>Read before: {@link gpt.kernels.LayerNorm}, whose tree is binary. After: {@link
 * SamplingChain}.
 */
final class Workgroup {
  /** Largest number of work items: a power of {@link #FAN}. */
  static final int MAX = 256;

  /** Children of a node. */
  static final int FAN = 16;

  private Workgroup() {}

  /** The largest value. */
  static float largest(KernelContext context, int group, float value) {
    float[] values = context.allocateFloatLocalArray(MAX);
    int lane = context.localIdx;
    context.localBarrier(); // after reading the result of the last call
    values[lane] = value;
    for (int width = group / FAN; width > 0; width = width / FAN) {
      context.localBarrier();
      if (lane < width) {
        float largest = values[lane];
        for (int child = lane + width; child < FAN * width; child += width) {
          if (values[child] > largest) {
            largest = values[child];
          }
        }
        values[lane] = largest;
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
    for (int width = group / FAN; width > 0; width = width / FAN) {
      context.localBarrier();
      if (lane < width) {
        int smallest = values[lane];
        for (int child = lane + width; child < FAN * width; child += width) {
          smallest = Math.min(smallest, values[child]);
        }
        values[lane] = smallest;
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
    for (int width = group / FAN; width > 0; width = width / FAN) {
      context.localBarrier();
      if (lane < width) {
        long sum = sums[lane];
        for (int child = lane + width; child < FAN * width; child += width) {
          sum += sums[child];
        }
        sums[lane] = sum;
      }
    }
    context.localBarrier();
    return sums[0];
  }

  /** The sum of the values of the work items before this one. */
  static int before(KernelContext context, int value) {
    int[] values = context.allocateIntLocalArray(MAX);
    int lane = context.localIdx;
    context.localBarrier();
    values[lane] = value;
    context.localBarrier();
    int sum = 0;
    for (int other = 0; other < lane; other++) {
      sum += values[other];
    }
    return sum;
  }
}
