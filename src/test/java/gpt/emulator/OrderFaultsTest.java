package gpt.emulator;

import static gpt.emulator.Faults.assertSays;
import static gpt.emulator.Faults.fault;
import static gpt.emulator.Plans.grid;
import static gpt.emulator.Plans.ints;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid2D;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The emulator's messages for wrong grids, barriers and races; a device reports few of them. */
class OrderFaultsTest {
  private static final int IN = DataTransferMode.EVERY_EXECUTION;
  private static final String RACE = "a race";

  private final KernelContext ctx = new KernelContext();

  @Test
  void itemsThatReturnBeforeABarrier() {
    assertSays(
        fault(WrongKernels::onlySomeReachTheBarrier, new IntArray(16), grid(16, 8)),
        "waits at a barrier at WrongKernels.java:",
        "but work item (",
        "has returned");
  }

  @Test
  void itemsThatWaitAtAnotherBarrier() {
    assertSays(
        fault(WrongKernels::someWaitAtAnotherBarrier, new IntArray(8), grid(8, 8)),
        "waits at a barrier at WrongKernels.java:",
        "waits at another barrier at WrongKernels.java:");
  }

  @Test
  void itemsThatReachTheBarrierMoreOften() {
    assertSays(
        fault(WrongKernels::someReachItMoreOften, new IntArray(8), grid(8, 8)),
        "waits at a barrier at WrongKernels.java:",
        "has returned");
  }

  @Test
  void itemsThatReachTheBarrierThroughAnotherCall() {
    assertSays(
        fault(WrongKernels::someReachItThroughAnotherCall, new IntArray(8), grid(8, 8)),
        "waits at another barrier");
  }

  @Test
  void localSizeThatDoesNotDivideTheGlobalSize() {
    IntArray a = new IntArray(100);
    assertSays(
        fault(ExampleKernels::writeFirstOnly, a, grid(100, 32)),
        "kernel g.t: the local size [32, 1, 1] does not divide the global size [100, 1, 1]");
    WorkerGrid grid = new WorkerGrid2D(8, 9);
    grid.setLocalWork(4, 2, 1);
    assertSays(fault(ExampleKernels::writeFirstOnly, a, grid), "[4, 2, 1] does not divide");
  }

  @Test
  void workgroupLargerThanTheMaximum() {
    assertSays(
        fault(ExampleKernels::writeFirstOnly, new IntArray(2048), grid(2048, 2048)),
        "workgroup of 2048 work items; the maximum is 1024");
  }

  @Test
  void aMissingGrid() {
    IntArray out = new IntArray(8);
    TaskGraph graph =
        new TaskGraph("g")
            .task("t", ExampleKernels::writeFirstOnly, ctx, out)
            .task("u", ExampleKernels::increment, ctx, out)
            .transferToHost(IN, out);
    assertSays(fault(graph, grid(8, 8)), "kernel g.u takes a KernelContext, but has no WorkerGrid");
  }

  @Test
  void localMemoryWithoutABarrier() {
    assertSays(
        fault(WrongKernels::forgetsTheBarrier, ints(16), new IntArray(16), grid(16, 8)), "g.t");
    IntArray in = ints(64);
    IntArray out = new IntArray(8);
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(IN, in)
            .task("t", WrongKernels::overwritesTheTile, ctx, in, out, 3)
            .transferToHost(IN, out);
    assertSays(fault(graph, grid(8, 8)), "has a race: out[", "when its work items run forward");
  }

  @Test
  void twoOrdersAreForwardAndBackward() {
    System.setProperty("gpt.emulator.orders", "2");
    try {
      assertSays(
          fault(WrongKernels::forgetsTheBarrier, ints(16), new IntArray(16), grid(16, 8)), "g.t");
      assertSays(
          fault(OrderFaultsTest::readsTheItemBefore, ints(8), new IntArray(8), grid(8, 8)),
          "has a race: out[1] (argument 3, IntArray of 8) is 1 when its work items run forward and"
              + " 0 when they run backward");
    } finally {
      System.clearProperty("gpt.emulator.orders");
    }
  }

  static void readsTheItemBefore(KernelContext ctx, IntArray in, IntArray out) {
    int local = ctx.localIdx;
    int[] seen = ctx.allocateIntLocalArray(8);
    seen[local] = 1;
    int before = 0;
    if (local > 0) {
      before = seen[local - 1] == 1 ? 1 : 0;
    }
    out.set(local, before);
  }

  @Test
  void unsynchronizedSumInLocalMemory() {
    assertSays(
        fault(WrongKernels::sumsInOneLocalElement, new IntArray(2), grid(16, 8)),
        "changes element 0 of its local array 1, int[1]",
        RACE);
  }

  @Test
  void raceWithinAWorkgroup() {
    IntArray a = ints(16);
    assertSays(
        fault(
            new TaskGraph("g")
                .transferToDevice(IN, a)
                .task("t", WrongKernels::exchangesWithoutABarrier, ctx, a)
                .transferToHost(IN, a),
            grid(16, 8)),
        "reads a[",
        "which item",
        "of the same workgroup writes without a barrier",
        RACE);
  }

  @Test
  void localBarrierDoesNotOrderGlobalMemory() {
    IntArray scratch = new IntArray(16);
    IntArray out = new IntArray(16);
    TaskGraph graph =
        new TaskGraph("g")
            .task("t", WrongKernels::exchangesWithALocalBarrierOnly, ctx, scratch, out)
            .transferToHost(IN, out);
    assertSays(fault(graph, grid(16, 8)), RACE, "a localBarrier orders local memory only");
  }

  @Test
  void raceBetweenWorkgroups() {
    IntArray sum = new IntArray(1);
    sum.clear();
    assertSays(
        fault(
            new TaskGraph("g")
                .transferToDevice(IN, sum)
                .task("t", WrongKernels::allAddToOneElement, ctx, sum)
                .transferToHost(IN, sum),
            grid(4, 1)),
        "reads sum[0] (argument 2, IntArray of 1), which item of another workgroup writes",
        RACE);
    assertSays(fault(WrongKernels::lastOneWins, sum, grid(16, 8)), "writes out[0]", RACE);
    IntArray a = ints(32);
    assertSays(
        fault(
            new TaskGraph("g")
                .transferToDevice(IN, a)
                .task("t", WrongKernels::readsTheGroupBefore, ctx, a)
                .transferToHost(IN, a),
            grid(32, 8)),
        "item of another workgroup",
        RACE);
  }

  @Test
  void messageNamesTheSeedOfTheOrder() {
    System.setProperty("gpt.emulator.orders", "9");
    System.setProperty("gpt.emulator.seed", "77");
    try {
      IntArray in = ints(64);
      IntArray out = new IntArray(8);
      // Found only by a shuffle: forward and backward give the same sums.
      TaskGraph graph =
          new TaskGraph("g")
              .transferToDevice(IN, in)
              .task("t", OrderFaultsTest::seenWhenShuffledOnly, ctx, in, out)
              .transferToHost(IN, out);
      assertSays(fault(graph, grid(8, 8)), "when they run shuffled (order ", "of seed 77)");
    } finally {
      System.clearProperty("gpt.emulator.orders");
      System.clearProperty("gpt.emulator.seed");
    }
  }

  /** Items 3 and 4 check whether their neighbours have written: forward and backward one has. */
  static void seenWhenShuffledOnly(KernelContext ctx, IntArray in, IntArray out) {
    int local = ctx.localIdx;
    int[] seen = ctx.allocateIntLocalArray(8);
    seen[local] = 1;
    int neighbours = 0;
    if (local == 3) {
      neighbours = (seen[2] == 1 ? 1 : 0) + (seen[4] == 1 ? 1 : 0);
    }
    out.set(local, neighbours);
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "2", "5"})
  void oneOrderOrMany(String orders) throws Exception {
    System.setProperty("gpt.emulator.orders", orders);
    try {
      FloatArray in = Plans.floats(256);
      FloatArray out = new FloatArray(4);
      TaskGraph graph =
          new TaskGraph("g")
              .transferToDevice(IN, in)
              .task("t", ExampleKernels::sumOfGroup, ctx, in, out)
              .transferToHost(IN, out);
      try (TornadoExecutionPlan plan = new TornadoExecutionPlan(graph.snapshot())) {
        plan.withGridScheduler(Plans.grids("g.t", grid(256, 64)));
        for (int k = 0; k < 3; k++) {
          in.set(0, k);
          plan.execute();
          double sum = 0;
          for (int i = 0; i < 64; i++) {
            sum += in.get(i);
          }
          assertEquals(sum, out.get(0), 1e-4);
        }
      }
    } finally {
      System.clearProperty("gpt.emulator.orders");
    }
  }
}
