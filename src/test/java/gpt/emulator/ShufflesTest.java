package gpt.emulator;

import static gpt.emulator.Faults.CTX;
import static gpt.emulator.Faults.IN;
import static gpt.emulator.Faults.assertSays;
import static gpt.emulator.Faults.fault;
import static gpt.emulator.Plans.floats;
import static gpt.emulator.Plans.grid;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.vectors.Half2;

/** Sums of warps, and loads of two halves, on the emulator. */
class ShufflesTest {

  /** Warps need not reach it equally often, nor between the same barriers. */
  static void sums(KernelContext ctx, FloatArray in, FloatArray out) {
    float sum = ctx.simdSum(in.get(ctx.globalIdx));
    if (ctx.localIdx >= 32) {
      sum = ctx.simdSum(sum);
    }
    ctx.localBarrier();
    out.set(ctx.globalIdx, sum);
  }

  @Test
  void addsUpEachWarp() throws Exception {
    FloatArray in = floats(128);
    FloatArray out = new FloatArray(128);
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(IN, in)
            .task("t", ShufflesTest::sums, CTX, in, out)
            .transferToHost(IN, out);
    Plans.run(graph, "t", grid(128, 64));
    for (int i = 0; i < 128; i++) {
      double sum = 0;
      for (int j = i / 32 * 32; j < i / 32 * 32 + 32; j++) {
        sum += in.get(j);
      }
      assertEquals(i / 32 % 2 == 0 ? sum : 32 * sum, out.get(i), 1e-2, "work item " + i);
    }
  }

  static void onlySomeOfAWarp(KernelContext ctx, FloatArray out) {
    float sum = 0;
    if (ctx.localIdx < 40) {
      sum = ctx.simdSum(1);
    }
    out.set(ctx.globalIdx, sum);
  }

  @Test
  void itemsThatReturnBeforeTheirWarpsSum() {
    assertSays(
        fault(ShufflesTest::onlySomeOfAWarp, new FloatArray(64), grid(64, 64)),
        "waits for its warp in simdSum at ShufflesTest.java:",
        "of workgroup (0, 0, 0) has returned");
  }

  static void someWaitAtABarrier(KernelContext ctx, FloatArray out) {
    float sum = 0;
    if (ctx.localIdx == 7) {
      ctx.localBarrier();
    } else {
      sum = ctx.simdSum(1);
    }
    out.set(ctx.globalIdx, sum);
  }

  @Test
  void itemsThatWaitAtABarrierInstead() {
    assertSays(
        fault(ShufflesTest::someWaitAtABarrier, new FloatArray(32), grid(32, 32)),
        "waits for its warp in simdSum at ShufflesTest.java:",
        "work item (7, 0, 0) of workgroup (0, 0, 0) waits at a barrier at ShufflesTest.java:");
  }

  static void callsTwoSums(KernelContext ctx, FloatArray out) {
    float sum;
    if (ctx.localIdx < 16) {
      sum = ctx.simdSum(1);
    } else {
      sum = ctx.simdSum(2);
    }
    out.set(ctx.globalIdx, sum);
  }

  @Test
  void itemsInAnotherSum() {
    assertSays(
        fault(ShufflesTest::callsTwoSums, new FloatArray(32), grid(32, 32)), "in another simdSum");
  }

  @Test
  void workgroupsThatAreNotWholeWarps() {
    assertSays(
        fault(ShufflesTest::onlySomeOfAWarp, new FloatArray(48), grid(48, 48)),
        "simdSum in a workgroup of 48 work items");
  }

  @Test
  void pairsOfHalves() {
    HalfFloatArray halves =
        HalfFloatArray.fromElements(new HalfFloat(1), new HalfFloat(2), new HalfFloat(-3));
    assertEquals(1, Half2.lowFloat(halves.getHalf2(0)));
    assertEquals(2, Half2.highFloat(halves.getHalf2(0)));
    assertThrows(IllegalArgumentException.class, () -> halves.getHalf2(1));
  }
}
