package gpt.emulator;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Faulty kernels, with one fault each. */
final class WrongKernels {
  private WrongKernels() {}

  static void readsBeyondTheEnd(KernelContext ctx, IntArray in, IntArray out) {
    int i = ctx.globalIdx;
    out.set(i, in.get(i + 1));
  }

  static void readsBeyondTheEndOfAny(
      KernelContext ctx, FloatArray f, ByteArray b, HalfFloatArray h, int which) {
    int i = f.getSize() + ctx.globalIdx;
    if (which == 0) {
      f.set(0, f.get(i));
    } else if (which == 1) {
      b.set(0, b.get(i));
    } else {
      h.set(0, h.get(i));
    }
  }

  static void writesBeyondTheEndOfAny(
      KernelContext ctx, FloatArray f, ByteArray b, HalfFloatArray h, int which) {
    int i = f.getSize() + ctx.globalIdx;
    if (which == 0) {
      f.set(i, 1f);
    } else if (which == 1) {
      b.set(i, (byte) 1);
    } else {
      h.set(i, new HalfFloat(1f));
    }
  }

  static void writesBelowTheStart(KernelContext ctx, IntArray out) {
    int i = ctx.globalIdx;
    out.set(i - 1, i);
  }

  static void parallelLoopTooFar(IntArray in, IntArray out) {
    for (@Parallel int i = 0; i < out.getSize(); i++) {
      out.set(i, in.get(i));
    }
  }

  static void onlySomeReachTheBarrier(KernelContext ctx, IntArray out) {
    int local = ctx.localIdx;
    int[] part = ctx.allocateIntLocalArray(8);
    part[local] = local;
    if (local >= 4) {
      return;
    }
    ctx.localBarrier();
    out.set(ctx.globalIdx, part[local]);
  }

  static void someWaitAtAnotherBarrier(KernelContext ctx, IntArray out) {
    int local = ctx.localIdx;
    if (local < 4) {
      ctx.localBarrier();
    } else {
      ctx.localBarrier();
    }
    out.set(ctx.globalIdx, local);
  }

  static void someReachItThroughAnotherCall(KernelContext ctx, IntArray out) {
    int local = ctx.localIdx;
    if (local < 4) {
      barrier(ctx);
    } else {
      barrier(ctx);
    }
    out.set(ctx.globalIdx, local);
  }

  private static void barrier(KernelContext ctx) {
    ctx.localBarrier();
  }

  /** Some work items reach the same barrier more often. */
  static void someReachItMoreOften(KernelContext ctx, IntArray out) {
    int local = ctx.localIdx;
    int times = local < 4 ? 3 : 2;
    for (int k = 0; k < times; k++) {
      ctx.localBarrier();
    }
    out.set(ctx.globalIdx, local);
  }

  static void forgetsTheBarrier(KernelContext ctx, IntArray in, IntArray out) {
    int local = ctx.localIdx;
    int[] part = ctx.allocateIntLocalArray(8);
    part[local] = in.get(ctx.globalIdx);
    out.set(ctx.globalIdx, part[7 - local]);
  }

  /** Lacks the second barrier of a loop: the next tile overwrites values that others still read. */
  static void overwritesTheTile(KernelContext ctx, IntArray in, IntArray out, int tiles) {
    int local = ctx.localIdx;
    int[] tile = ctx.allocateIntLocalArray(8);
    int sum = 0;
    for (int t = 0; t < tiles; t++) {
      tile[local] = in.get(t * 8 + local);
      ctx.localBarrier();
      for (int k = 0; k < 8; k++) {
        sum = 31 * sum + tile[k];
      }
    }
    out.set(ctx.globalIdx, sum);
  }

  static void sumsInOneLocalElement(KernelContext ctx, IntArray out) {
    int local = ctx.localIdx;
    int[] sum = ctx.allocateIntLocalArray(1);
    if (local == 0) {
      sum[0] = 0;
    }
    ctx.localBarrier();
    sum[0] += 1;
    ctx.localBarrier();
    if (local == 0) {
      out.set(ctx.groupIdx, sum[0]);
    }
  }

  static void readsLocalGarbage(KernelContext ctx, FloatArray out) {
    int local = ctx.localIdx;
    float[] part = ctx.allocateFloatLocalArray(16);
    part[local] = 1f;
    ctx.localBarrier();
    out.set(ctx.globalIdx, Math.max(part[local], part[15]));
  }

  static void exchangesWithoutABarrier(KernelContext ctx, IntArray a) {
    int i = ctx.globalIdx;
    a.set(i, i);
    int other = i ^ 1;
    a.set(i, a.get(other));
  }

  static void exchangesWithALocalBarrierOnly(KernelContext ctx, IntArray scratch, IntArray out) {
    int i = ctx.globalIdx;
    scratch.set(i, i);
    ctx.localBarrier();
    out.set(i, scratch.get(i ^ 1));
  }

  static void allAddToOneElement(KernelContext ctx, IntArray sum) {
    sum.set(0, sum.get(0) + 1);
  }

  /** Each work item writes a different value to the same element. */
  static void lastOneWins(KernelContext ctx, IntArray out) {
    out.set(0, ctx.globalIdx);
  }

  static void readsTheGroupBefore(KernelContext ctx, IntArray a) {
    int i = ctx.globalIdx;
    int group = ctx.groupIdx;
    if (group > 0) {
      a.set(i, a.get(i - ctx.localGroupSizeX));
    } else {
      a.set(i, 5);
    }
  }

  static void halfOnly(KernelContext ctx, IntArray out) {
    int i = ctx.globalIdx;
    if (i % 2 == 0) {
      out.set(i, i);
    }
  }

  static void dividesByZero(KernelContext ctx, IntArray in, IntArray out) {
    int i = ctx.globalIdx;
    out.set(i, 7 / in.get(i));
  }

  static void tooMuchLocalMemory(KernelContext ctx, FloatArray out) {
    float[] part = ctx.allocateFloatLocalArray(20_000);
    part[ctx.localIdx] = 1f;
    out.set(ctx.globalIdx, part[ctx.localIdx]);
  }

  static void differentLocalArrays(KernelContext ctx, FloatArray out) {
    int local = ctx.localIdx;
    float[] part = ctx.allocateFloatLocalArray(local == 0 ? 8 : 16);
    part[local] = 1f;
    out.set(ctx.globalIdx, part[local]);
  }

  static void passesALocalArray(KernelContext ctx, IntArray in, IntArray out) {
    int[] part = ctx.allocateIntLocalArray(8);
    part[ctx.localIdx] = in.get(ctx.globalIdx);
    ctx.localBarrier();
    out.set(ctx.globalIdx, first(part));
  }

  private static int first(int[] part) {
    return part[0];
  }
}
