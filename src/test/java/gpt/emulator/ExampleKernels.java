package gpt.emulator;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Correct kernels, one for each feature that kernels use. */
final class ExampleKernels {
  private static final int TILE = 8;

  private ExampleKernels() {}

  static void scaleParallel(FloatArray in, FloatArray out, float by) {
    for (@Parallel int i = 0; i < in.getSize(); i++) {
      out.set(i, in.get(i) * by);
    }
  }

  static void addWithGuard(KernelContext ctx, FloatArray a, FloatArray b, FloatArray out, int n) {
    int i = ctx.globalIdx;
    if (i < n) {
      out.set(i, a.get(i) + b.get(i));
    }
  }

  static void earlyReturn(KernelContext ctx, IntArray in, IntArray out, int n) {
    int i = ctx.globalIdx;
    if (i >= n) {
      return;
    }
    out.set(i, in.get(i) * 3 + 1);
  }

  /** One sum for each workgroup, as a tree reduction. */
  static void sumOfGroup(KernelContext ctx, FloatArray in, FloatArray sums) {
    int local = ctx.localIdx;
    float[] part = ctx.allocateFloatLocalArray(64);
    part[local] = in.get(ctx.globalIdx);
    for (int stride = ctx.localGroupSizeX / 2; stride > 0; stride >>= 1) {
      ctx.localBarrier();
      if (local < stride) {
        part[local] += part[local + stride];
      }
    }
    if (local == 0) {
      sums.set(ctx.groupIdx, part[0]);
    }
  }

  /** Like {@link #sumOfGroup}, with the reduction in a method that allocates the local memory. */
  static void meanAndMaximum(KernelContext ctx, FloatArray in, FloatArray out, int perItem) {
    int local = ctx.localIdx;
    int size = ctx.localGroupSizeX;
    float sum = 0f;
    float max = -1e30f;
    for (int k = 0; k < perItem; k++) {
      float x = in.get(ctx.groupIdx * size * perItem + k * size + local);
      sum += x;
      max = TornadoMath.max(max, x);
    }
    float groupSum = sum(ctx, sum);
    float groupMax = max(ctx, max);
    if (local == 0) {
      out.set(2 * ctx.groupIdx, groupSum / (size * perItem));
      out.set(2 * ctx.groupIdx + 1, groupMax);
    }
  }

  /** Calls a method that allocates local memory more often than there is memory for. */
  static void meanInALoop(KernelContext ctx, FloatArray in, FloatArray out, int times) {
    float x = in.get(ctx.globalIdx);
    for (int i = 0; i < times; i++) {
      ctx.localBarrier();
      x = sum(ctx, x) / 32;
    }
    out.set(ctx.globalIdx, x);
  }

  private static float sum(KernelContext ctx, float x) {
    int local = ctx.localIdx;
    float[] part = ctx.allocateFloatLocalArray(32);
    part[local] = x;
    for (int stride = ctx.localGroupSizeX / 2; stride > 0; stride >>= 1) {
      ctx.localBarrier();
      if (local < stride) {
        part[local] += part[local + stride];
      }
    }
    ctx.localBarrier();
    return part[0];
  }

  private static float max(KernelContext ctx, float x) {
    int local = ctx.localIdx;
    float[] part = ctx.allocateFloatLocalArray(32);
    part[local] = x;
    for (int stride = ctx.localGroupSizeX / 2; stride > 0; stride >>= 1) {
      ctx.localBarrier();
      if (local < stride) {
        part[local] = TornadoMath.max(part[local], part[local + stride]);
      }
    }
    ctx.localBarrier();
    return part[0];
  }

  /** A transpose through a tile in local memory, on a grid of two dimensions. */
  static void transpose(KernelContext ctx, FloatArray in, FloatArray out, int rows, int columns) {
    float[] tile = ctx.allocateFloatLocalArray(TILE * TILE);
    int x = ctx.localIdx;
    int y = ctx.localIdy;
    tile[y * TILE + x] = in.get(ctx.globalIdy * columns + ctx.globalIdx);
    ctx.localBarrier();
    int row = ctx.groupIdx * TILE + y;
    int column = ctx.groupIdy * TILE + x;
    out.set(row * rows + column, tile[x * TILE + y]);
  }

  /** Neighbouring work items exchange values through global memory. */
  static void shiftInGroup(KernelContext ctx, IntArray scratch, IntArray out) {
    int i = ctx.globalIdx;
    scratch.set(i, i * i);
    ctx.globalBarrier();
    int size = ctx.localGroupSizeX;
    int next = ctx.groupIdx * size + (ctx.localIdx + 1) % size;
    out.set(i, scratch.get(next));
  }

  /** Product of a row-wise quantized int8 matrix and a vector. */
  static void int8Rows(
      KernelContext ctx, ByteArray rows, FloatArray scales, FloatArray x, FloatArray out, int n) {
    int row = ctx.globalIdx;
    float sum = 0f;
    for (int k = 0; k < n; k++) {
      sum += rows.get(row * n + k) * x.get(k);
    }
    out.set(row, sum * scales.get(row));
  }

  static void addHalves(KernelContext ctx, HalfFloatArray a, HalfFloatArray b, HalfFloatArray out) {
    int i = ctx.globalIdx;
    out.set(i, HalfFloat.add(a.get(i), b.get(i)));
  }

  static void countAtomically(KernelContext ctx, IntArray in, IntArray counts) {
    ctx.atomicAdd(counts, in.get(ctx.globalIdx), 1);
  }

  static void fill(KernelContext ctx, IntArray out, IntArray value) {
    out.set(ctx.globalIdx, value.get(0));
  }

  static void increment(KernelContext ctx, IntArray a) {
    int i = ctx.globalIdx;
    a.set(i, a.get(i) + 1);
  }

  static void copy(KernelContext ctx, IntArray in, IntArray out) {
    int i = ctx.globalIdx;
    out.set(i, in.get(i));
  }

  /** Writes one element unconditionally and reads none. */
  static void writeFirstOnly(KernelContext ctx, IntArray out) {
    out.set(ctx.globalIdx, 7);
  }
}
