package gpt.emulator;

import static gpt.emulator.Faults.assertSays;
import static gpt.emulator.Faults.fault;
import static gpt.emulator.Plans.grid;
import static gpt.emulator.Plans.ints;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task2;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoBailoutRuntimeException;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The emulator's messages for accesses out of bounds, to uninitialized or to undeclared memory. */
class MemoryFaultsTest {
  private static final int IN = DataTransferMode.EVERY_EXECUTION;

  private final KernelContext ctx = new KernelContext();

  @Test
  void readBeyondTheEnd() {
    assertSays(
        fault(WrongKernels::readsBeyondTheEnd, ints(16), new IntArray(16), grid(16, 8)),
        "kernel g.t (WrongKernels.readsBeyondTheEnd)",
        "in[16] (argument 2, IntArray of 16)",
        "out of bounds at WrongKernels.java:",
        "work item (7, 0, 0) of workgroup (1, 0, 0)");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void beyondTheEndOfArraysOfOtherTypes(int which) {
    String[] names = {
      "f[5] (argument 2, Float", "b[5] (argument 3, Byte", "h[5] (argument 4, Half"
    };
    FloatArray f = new FloatArray(5);
    ByteArray b = new ByteArray(5);
    HalfFloatArray h = new HalfFloatArray(5);
    f.clear();
    b.clear();
    h.clear();
    assertSays(
        fault(
            new TaskGraph("g")
                .transferToDevice(IN, f, b, h)
                .task("t", WrongKernels::readsBeyondTheEndOfAny, ctx, f, b, h, which),
            grid(1, 1)),
        "reads " + names[which],
        "of 5), which is out of bounds");
    assertSays(
        fault(
            new TaskGraph("g")
                .transferToDevice(IN, f, b, h)
                .task("t", WrongKernels::writesBeyondTheEndOfAny, ctx, f, b, h, which),
            grid(1, 1)),
        "writes " + names[which],
        "of 5), which is out of bounds");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void hostAccessBeyondTheEnd(int which) {
    assertThrows(
        IndexOutOfBoundsException.class,
        () -> {
          switch (which) {
            case 0 -> new FloatArray(5).set(5, 1f);
            case 1 -> new ByteArray(5).set(-17, (byte) 1);
            default -> new HalfFloatArray(5).get(5);
          }
        });
  }

  @Test
  void writeBelowTheStart() {
    assertSays(
        fault(WrongKernels::writesBelowTheStart, new IntArray(16), grid(16, 8)),
        "writes out[-1] (argument 2, IntArray of 16), which is out of bounds",
        "work item (0, 0, 0) of workgroup (0, 0, 0)");
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
  void uninitializedLocalMemory() {
    assertSays(
        fault(WrongKernels::readsLocalGarbage, new FloatArray(8), grid(8, 8)),
        "reads uninitialized local memory",
        "out[");
  }

  @Test
  void readOfUninitializedMemory() {
    IntArray in = ints(16);
    IntArray out = new IntArray(16);
    TaskGraph graph =
        new TaskGraph("g").task("t", ExampleKernels::copy, ctx, in, out).transferToHost(IN, out);
    assertSays(
        fault(graph, grid(16, 8)),
        "reads in[0] (argument 2, IntArray of 16), which is uninitialized on the device");
  }

  @Test
  void readOfWhatAnEarlierTaskDidNotWrite() {
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
  void readOfWhatTheHostDidNotWrite() {
    IntArray in = new IntArray(16);
    for (int i = 0; i < 15; i++) {
      in.set(i, i);
    }
    assertSays(
        fault(ExampleKernels::copy, in, new IntArray(16), grid(16, 8)),
        "reads in[15]",
        "which is uninitialized");
  }

  @Test
  void hostReadOfUninitializedMemory() {
    FloatArray array = new FloatArray(4);
    array.set(1, 2f);
    assertEquals(2f, array.get(1));
    assertSays(
        assertThrows(RuntimeException.class, () -> array.get(0)).getMessage(),
        "the host reads element 0 of an array (FloatArray of 4), which is uninitialized");
    array.clear();
    assertArrayEquals(new float[4], array.toHeapArray());
  }

  @Test
  void hostReadOfWhatTheKernelDidNotWrite() throws Exception {
    IntArray out = new IntArray(16);
    out.clear();
    TaskGraph graph =
        new TaskGraph("g").task("t", WrongKernels::halfOnly, ctx, out).transferToHost(IN, out);
    Plans.run(graph, "t", grid(16, 8));
    assertEquals(4, out.get(4));
    assertThrows(RuntimeException.class, () -> out.get(5));
  }

  @Test
  void copySkippedBecauseTheFirstTaskOnlyWrites() throws Exception {
    IntArray a = ints(16);
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(IN, a)
            .task("t", WrongKernels::halfOnly, ctx, a)
            .transferToHost(IN, a);
    Plans.run(graph, "t", grid(16, 8));
    assertSays(
        assertThrows(RuntimeException.class, () -> a.get(5)).getMessage(),
        "the host reads element 5 of an array (IntArray of 16), which is uninitialized: the"
            + " first",
        "g.t, only writes it, and TornadoVM can skip the copy to the device then");
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
  void exceptionInTheKernel() {
    IntArray in = ints(16);
    assertSays(
        fault(WrongKernels::dividesByZero, in, new IntArray(16), grid(16, 8)),
        "kernel g.t (WrongKernels.dividesByZero) throws java.lang.ArithmeticException: / by zero at"
            + " WrongKernels.java:");
  }

  @Test
  void tooMuchOrDifferentLocalMemory() {
    assertSays(
        fault(WrongKernels::tooMuchLocalMemory, new FloatArray(8), grid(8, 8)),
        "allocates 80000 bytes of local memory; the maximum is 49152");
    assertSays(
        fault(WrongKernels::differentLocalArrays, new FloatArray(8), grid(8, 8)),
        "allocates float[16] where another work item allocates float[8]");
  }

  @Test
  void localArrayPassedToAMethod() {
    assertSays(
        fault(WrongKernels::passesALocalArray, ints(16), new IntArray(16), grid(16, 8)),
        "passes an array to WrongKernels.first");
  }

  @Test
  void arrayThatIsNotAnArgument() {
    IntArray hidden = ints(16);
    IntArray out = new IntArray(16);
    Task2<KernelContext, IntArray> kernel = (c, o) -> o.set(c.globalIdx, hidden.get(c.globalIdx));
    assertSays(
        fault(kernel, out, grid(16, 8)),
        "uses an array that is not one of its arguments (IntArray of 16)");
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
}
