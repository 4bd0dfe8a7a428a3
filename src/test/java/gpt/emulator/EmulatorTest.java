package gpt.emulator;

import static gpt.emulator.Plans.grid;
import static gpt.emulator.Plans.ints;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid2D;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task2;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task3;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoBailoutRuntimeException;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** What the emulator says about each fault of a kernel; a device says nothing of most. */
class EmulatorTest {
  private static final int IN = DataTransferMode.EVERY_EXECUTION;
  private static final String RACE = "a race";

  private final KernelContext ctx = new KernelContext();

  private static String fault(TaskGraph graph, WorkerGrid grid) {
    return assertThrows(TornadoBailoutRuntimeException.class, () -> Plans.run(graph, "t", grid))
        .getMessage();
  }

  private <A> String fault(Task2<KernelContext, A> kernel, A out, WorkerGrid grid) {
    return fault(new TaskGraph("g").task("t", kernel, ctx, out).transferToHost(IN, out), grid);
  }

  private String fault(
      Task3<KernelContext, IntArray, IntArray> kernel, IntArray in, IntArray out, WorkerGrid grid) {
    return fault(
        new TaskGraph("g")
            .transferToDevice(IN, in)
            .task("t", kernel, ctx, in, out)
            .transferToHost(IN, out),
        grid);
  }

  private static void assertSays(String message, String... parts) {
    for (String part : parts) {
      assertTrue(message.contains(part), "'" + part + "' is not in: " + message);
    }
    assertEquals(-1, message.indexOf('\n'), message);
  }

  @Test
  void readingBeyondTheEnd() {
    assertSays(
        fault(WrongKernels::readsBeyondTheEnd, ints(16), new IntArray(16), grid(16, 8)),
        "kernel g.t (WrongKernels.readsBeyondTheEnd)",
        "in[16] (argument 2, IntArray of 16)",
        "out of bounds at WrongKernels.java:",
        "work item (7, 0, 0) of group (1, 0, 0)");
  }

  @Test
  void writingBelowTheStart() {
    assertSays(
        fault(WrongKernels::writesBelowTheStart, new IntArray(16), grid(16, 8)),
        "writes out[-1] (argument 2, IntArray of 16), which is out of bounds",
        "work item (0, 0, 0) of group (0, 0, 0)");
  }

  @Test
  void aParallelLoopBeyondTheEnd() {
    IntArray in = ints(8);
    IntArray out = new IntArray(9);
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(IN, in)
            .task("t", WrongKernels::parallelLoopTooFar, in, out)
            .transferToHost(IN, out);
    try (TornadoExecutionPlan plan = new TornadoExecutionPlan(graph.snapshot())) {
      assertSays(
          assertThrows(TornadoBailoutRuntimeException.class, plan::execute).getMessage(),
          "reads in[8] (argument 1, IntArray of 8), which is out of bounds");
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void itemsThatReturnInsteadOfMeeting() {
    assertSays(
        fault(WrongKernels::onlySomeReachTheBarrier, new IntArray(16), grid(16, 8)),
        "waits at a barrier at WrongKernels.java:",
        "but work item (",
        "has returned");
  }

  @Test
  void itemsThatMeetElsewhere() {
    assertSays(
        fault(WrongKernels::someWaitElsewhere, new IntArray(8), grid(8, 8)),
        "waits at a barrier at WrongKernels.java:",
        "waits at another one at WrongKernels.java:");
  }

  @Test
  void itemsThatMeetByAnotherWay() {
    assertSays(
        fault(WrongKernels::someComeByAnotherWay, new IntArray(8), grid(8, 8)),
        "waits at another one");
  }

  @Test
  void aLocalSizeThatDoesNotDivide() {
    IntArray a = new IntArray(100);
    assertSays(
        fault(ExampleKernels::writeFirstOnly, a, grid(100, 32)),
        "kernel g.t: the local size [32, 1, 1] does not divide the global size [100, 1, 1]");
    WorkerGrid grid = new WorkerGrid2D(8, 9);
    grid.setLocalWork(4, 2, 1);
    assertSays(fault(ExampleKernels::writeFirstOnly, a, grid), "[4, 2, 1] does not divide");
  }

  @Test
  void aGroupLargerThanTheDevices() {
    assertSays(
        fault(ExampleKernels::writeFirstOnly, new IntArray(2048), grid(2048, 2048)),
        "groups of 2048 work items, the device takes 1024");
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
  void localItemsThatDoNotWait() {
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
  void localItemsThatAllAddToOneElement() {
    assertSays(
        fault(WrongKernels::addsUpInOneLocalElement, new IntArray(2), grid(16, 8)),
        "changes element 0 of its local array number 1, int[1]",
        RACE);
  }

  @Test
  void localMemoryThatNobodyWrote() {
    assertSays(
        fault(WrongKernels::readsLocalGarbage, new FloatArray(8), grid(8, 8)),
        "reads local memory that nobody has written",
        "out[");
  }

  @Test
  void aRaceWithinAGroup() {
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
        "of the same group writes without a barrier",
        RACE);
  }

  @Test
  void aLocalBarrierDoesNotOrderGlobalMemory() {
    IntArray scratch = new IntArray(16);
    IntArray out = new IntArray(16);
    TaskGraph graph =
        new TaskGraph("g")
            .task("t", WrongKernels::exchangesWithALocalBarrierOnly, ctx, scratch, out)
            .transferToHost(IN, out);
    assertSays(fault(graph, grid(16, 8)), RACE, "a localBarrier orders local memory only");
  }

  @Test
  void aRaceBetweenGroups() {
    IntArray sum = new IntArray(1);
    sum.clear();
    assertSays(
        fault(
            new TaskGraph("g")
                .transferToDevice(IN, sum)
                .task("t", WrongKernels::allAddToOneElement, ctx, sum)
                .transferToHost(IN, sum),
            grid(4, 1)),
        "reads sum[0] (argument 2, IntArray of 1), which item of another group writes",
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
        "item of another group",
        RACE);
  }

  @Test
  void theSeedIsSaidWithTheOrder() {
    System.setProperty("gpt.emulator.orders", "9");
    System.setProperty("gpt.emulator.seed", "77");
    try {
      IntArray in = ints(64);
      IntArray out = new IntArray(8);
      // Seen when shuffled only: the two orders before give the same sums.
      TaskGraph graph =
          new TaskGraph("g")
              .transferToDevice(IN, in)
              .task("t", EmulatorTest::seenWhenShuffledOnly, ctx, in, out)
              .transferToHost(IN, out);
      assertSays(fault(graph, grid(8, 8)), "when they run shuffled (order ", "of seed 77)");
    } finally {
      System.clearProperty("gpt.emulator.orders");
      System.clearProperty("gpt.emulator.seed");
    }
  }

  /** Items 3 and 4 look at whether their neighbours on both sides have written: one always has. */
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

  @Test
  void readingWhatNobodyHasCopiedOrWritten() {
    IntArray in = ints(16);
    IntArray out = new IntArray(16);
    TaskGraph graph =
        new TaskGraph("g").task("t", ExampleKernels::copy, ctx, in, out).transferToHost(IN, out);
    assertSays(
        fault(graph, grid(16, 8)),
        "reads in[0] (argument 2, IntArray of 16), which nobody has written on the device");
  }

  @Test
  void readingWhatAnEarlierTaskHasNotWritten() {
    IntArray between = new IntArray(16);
    IntArray out = new IntArray(16);
    TaskGraph graph =
        new TaskGraph("g")
            .task("h", WrongKernels::halfOnly, ctx, between)
            .task("t", ExampleKernels::copy, ctx, between, out)
            .transferToHost(IN, out);
    assertSays(
        assertThrows(
                TornadoBailoutRuntimeException.class,
                () -> {
                  try (TornadoExecutionPlan plan = new TornadoExecutionPlan(graph.snapshot())) {
                    var grids = Plans.grids("g.h", grid(16, 8));
                    grids.addWorkerGrid("g.t", grid(16, 8));
                    plan.withGridScheduler(grids).execute();
                  }
                })
            .getMessage(),
        "kernel g.t (ExampleKernels.copy) reads in[1]");
  }

  @Test
  void readingWhatTheHostNeverWrote() {
    IntArray in = new IntArray(16);
    for (int i = 0; i < 15; i++) {
      in.set(i, i);
    }
    assertSays(
        fault(ExampleKernels::copy, in, new IntArray(16), grid(16, 8)),
        "reads in[15]",
        "which nobody has written");
  }

  @Test
  void theHostReadsWhatNobodyWrote() {
    FloatArray array = new FloatArray(4);
    array.set(1, 2f);
    assertEquals(2f, array.get(1));
    assertSays(
        assertThrows(RuntimeException.class, () -> array.get(0)).getMessage(),
        "the host reads element 0 of an array (FloatArray of 4), which nobody has written");
    array.clear();
    assertArrayEquals(new float[4], array.toHeapArray());
  }

  @Test
  void theHostReadsWhatTheKernelDidNotWrite() throws Exception {
    IntArray out = new IntArray(16);
    out.clear();
    TaskGraph graph =
        new TaskGraph("g").task("t", WrongKernels::halfOnly, ctx, out).transferToHost(IN, out);
    Plans.run(graph, "t", grid(16, 8));
    assertEquals(4, out.get(4));
    assertThrows(RuntimeException.class, () -> out.get(5));
  }

  @Test
  void aCopyThatIsSkippedBecauseTheFirstTaskOnlyWrites() throws Exception {
    IntArray a = ints(16);
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(IN, a)
            .task("t", WrongKernels::halfOnly, ctx, a)
            .transferToHost(IN, a);
    Plans.run(graph, "t", grid(16, 8));
    assertThrows(RuntimeException.class, () -> a.get(5));
    IntArray out = new IntArray(16);
    IntArray b = ints(16);
    TaskGraph two =
        new TaskGraph("g")
            .transferToDevice(IN, b)
            .task("h", WrongKernels::halfOnly, ctx, b)
            .task("t", ExampleKernels::copy, ctx, b, out)
            .transferToHost(IN, out);
    var grids = Plans.grids("g.h", grid(16, 8));
    grids.addWorkerGrid("g.t", grid(16, 8));
    try (TornadoExecutionPlan plan = new TornadoExecutionPlan(two.snapshot())) {
      plan.withGridScheduler(grids);
      assertSays(
          assertThrows(TornadoBailoutRuntimeException.class, plan::execute).getMessage(),
          "reads in[1]",
          "was not copied to the device: the first task of the graph that uses it, g.h, only"
              + " writes");
    }
  }

  @Test
  void anExceptionInTheKernel() {
    IntArray in = ints(16);
    assertSays(
        fault(WrongKernels::dividesByZero, in, new IntArray(16), grid(16, 8)),
        "kernel g.t (WrongKernels.dividesByZero) throws java.lang.ArithmeticException: / by zero at"
            + " WrongKernels.java:");
  }

  @Test
  void localMemoryThatIsTooMuchOrDifferent() {
    assertSays(
        fault(WrongKernels::tooMuchLocalMemory, new FloatArray(8), grid(8, 8)),
        "asks for 80000 bytes of local memory, the device has 49152");
    assertSays(
        fault(WrongKernels::differentLocalArrays, new FloatArray(8), grid(8, 8)),
        "asks for float[16] as its local array number 1, another work item for float[8]");
  }

  @Test
  void aLocalArrayPassedToAMethod() {
    assertSays(
        fault(WrongKernels::passesALocalArray, ints(16), new IntArray(16), grid(16, 8)),
        "passes an array to WrongKernels.first");
  }

  @Test
  void anArrayThatIsNoArgument() {
    IntArray hidden = ints(16);
    IntArray out = new IntArray(16);
    Task2<KernelContext, IntArray> kernel = (c, o) -> o.set(c.globalIdx, hidden.get(c.globalIdx));
    assertSays(
        fault(kernel, out, grid(16, 8)),
        "uses an array that is none of its arguments (IntArray of 16)");
  }

  @Test
  void halfFloats() throws Exception {
    HalfFloatArray a = new HalfFloatArray(16);
    HalfFloatArray out = new HalfFloatArray(16);
    for (int i = 0; i < 16; i++) {
      a.set(i, new HalfFloat(i / 3f));
    }
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(IN, a)
            .task("t", ExampleKernels::addHalves, ctx, a, a, out)
            .transferToHost(IN, out);
    Plans.run(graph, "t", grid(16, 8));
    for (int i = 0; i < 16; i++) {
      float half = Float.float16ToFloat(Float.floatToFloat16(i / 3f));
      assertEquals(
          Float.float16ToFloat(Float.floatToFloat16(half + half)), out.get(i).getFloat32());
    }
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
