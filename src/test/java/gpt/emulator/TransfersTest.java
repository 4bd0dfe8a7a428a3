package gpt.emulator;

import static gpt.emulator.Plans.grid;
import static gpt.emulator.Plans.ints;
import static gpt.emulator.Plans.profiled;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.TornadoExecutionResult;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoMemoryException;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Transfers and consumed buffers are the same on the emulator and on TornadoVM. */
@Tag("kernels")
class TransfersTest {
  private static final int FIRST = DataTransferMode.FIRST_EXECUTION;
  private static final int EVERY = DataTransferMode.EVERY_EXECUTION;
  private static final int N = 64;
  private static final int BYTES = N * 4 + 16;

  private final KernelContext ctx = new KernelContext();

  private static GridScheduler grids(String... tasks) {
    GridScheduler grids = new GridScheduler();
    for (String task : tasks) {
      grids.addWorkerGrid(task, grid(N, 16));
    }
    return grids;
  }

  private static void assertMoved(long in, long out, TornadoExecutionResult result) {
    assertMoved(in, out, 1, result);
  }

  /** Compares the arrays' bytes; TornadoVM also counts bytes for each launch. */
  private static void assertMoved(long in, long out, int launches, TornadoExecutionResult result) {
    assertEquals(in + launches * 24, result.getProfilerResult().getTotalBytesCopyIn(), "bytes in");
    assertEquals(out, result.getProfilerResult().getTotalBytesCopyOut(), "bytes out");
  }

  private static int[] plus(int k) {
    return IntStream.range(0, N).map(i -> i + k).toArray();
  }

  @Test
  void everyExecutionCopiesEveryTime() throws Exception {
    IntArray in = ints(N);
    IntArray out = new IntArray(N);
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(EVERY, in)
            .task("t", ExampleKernels::copy, ctx, in, out)
            .transferToHost(EVERY, out);
    try (TornadoExecutionPlan plan = profiled(grids("g.t"), graph.snapshot())) {
      for (int k = 0; k < 3; k++) {
        in.set(5, 100 + k);
        assertMoved(BYTES, BYTES, plan.execute());
        assertEquals(100 + k, out.get(5));
      }
    }
  }

  @Test
  void firstExecutionCopiesOnce() throws Exception {
    IntArray in = ints(N);
    IntArray out = new IntArray(N);
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(FIRST, in)
            .task("t", ExampleKernels::copy, ctx, in, out)
            .transferToHost(EVERY, out);
    try (TornadoExecutionPlan plan = profiled(grids("g.t"), graph.snapshot())) {
      assertMoved(BYTES, BYTES, plan.execute());
      in.set(5, 100);
      assertMoved(0, BYTES, plan.execute());
      assertEquals(5, out.get(5));
      plan.freeDeviceMemory();
      assertMoved(BYTES, BYTES, plan.execute());
      assertEquals(100, out.get(5));
    }
  }

  @Test
  void nothingIsCountedWithoutTheProfiler() throws Exception {
    IntArray in = ints(N);
    IntArray out = new IntArray(N);
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(EVERY, in)
            .task("t", ExampleKernels::copy, ctx, in, out)
            .transferToHost(EVERY, out);
    try (TornadoExecutionPlan plan = new TornadoExecutionPlan(graph.snapshot())) {
      plan.withGridScheduler(grids("g.t"));
      assertMoved(0, 0, 0, plan.execute());
    }
  }

  @Test
  void underDemandCopiesOnRequest() throws Exception {
    IntArray a = ints(N);
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(FIRST, a)
            .task("t", ExampleKernels::increment, ctx, a)
            .transferToHost(DataTransferMode.UNDER_DEMAND, a);
    try (TornadoExecutionPlan plan = profiled(grids("g.t"), graph.snapshot())) {
      assertMoved(BYTES, 0, plan.execute());
      TornadoExecutionResult result = plan.execute();
      assertMoved(0, 0, result);
      assertArrayEquals(plus(0), a.toHeapArray());
      result.transferToHost(a);
      assertArrayEquals(plus(2), a.toHeapArray());
      assertMoved(0, 0, 0, result);
    }
  }

  @Test
  void graphTakesOverPersistedBuffers() throws Exception {
    IntArray a = ints(N);
    IntArray out = new IntArray(N);
    TaskGraph first =
        new TaskGraph("first")
            .transferToDevice(FIRST, a)
            .task("t", ExampleKernels::increment, ctx, a)
            .persistOnDevice(a);
    TaskGraph second =
        new TaskGraph("second")
            .consumeFromDevice("first", a)
            .task("t", ExampleKernels::copy, ctx, a, out)
            .transferToHost(EVERY, out);
    GridScheduler grids = grids("first.t", "second.t");
    try (TornadoExecutionPlan plan = profiled(grids, first.snapshot(), second.snapshot())) {
      for (int k = 1; k <= 3; k++) {
        assertMoved(k == 1 ? BYTES : 0, 0, plan.withGraph(0).execute());
        assertMoved(0, BYTES, plan.withGraph(1).execute());
        assertArrayEquals(plus(k), out.toHeapArray());
      }
      plan.withAllGraphs();
    }
  }

  @Test
  void graphPassesOnUnusedBuffers() throws Exception {
    IntArray a = ints(N);
    IntArray b = ints(N);
    IntArray out = new IntArray(N);
    TaskGraph first =
        new TaskGraph("first")
            .transferToDevice(FIRST, a)
            .task("t", ExampleKernels::increment, ctx, a)
            .persistOnDevice(a);
    TaskGraph between =
        new TaskGraph("between")
            .consumeFromDevice("first", a)
            .transferToDevice(FIRST, b)
            .task("t", ExampleKernels::increment, ctx, b)
            .persistOnDevice(b);
    TaskGraph last =
        new TaskGraph("last")
            .consumeFromDevice("between", a)
            .task("t", ExampleKernels::copy, ctx, a, out)
            .transferToHost(EVERY, out);
    GridScheduler grids = grids("first.t", "between.t", "last.t");
    try (TornadoExecutionPlan plan =
        profiled(grids, first.snapshot(), between.snapshot(), last.snapshot())) {
      plan.withGraph(0).execute();
      plan.withGraph(1).execute();
      assertMoved(0, BYTES, plan.withGraph(2).execute());
      assertArrayEquals(plus(1), out.toHeapArray());
      plan.withAllGraphs();
    }
  }

  @Test
  void graphCanConsumeFromItself() throws Exception {
    IntArray a = ints(N);
    TaskGraph first =
        new TaskGraph("first")
            .transferToDevice(FIRST, a)
            .task("t", ExampleKernels::increment, ctx, a)
            .persistOnDevice(a);
    TaskGraph layer =
        new TaskGraph("layer")
            .consumeFromDevice("first", a)
            .task("t", ExampleKernels::increment, ctx, a);
    try (TornadoExecutionPlan plan =
        profiled(grids("first.t", "layer.t"), first.snapshot(), layer.snapshot())) {
      plan.withGraph(0).execute();
      for (int k = 0; k < 4; k++) {
        assertMoved(0, 0, plan.withGraph(1).execute());
      }
      plan.withGraph(1).execute().transferToHost(a);
      assertArrayEquals(plus(6), a.toHeapArray());
      plan.withAllGraphs();
    }
  }

  @Test
  void undeclaredBufferStaysOnTheDevice() throws Exception {
    IntArray in = ints(N);
    IntArray between = new IntArray(N);
    IntArray out = new IntArray(N);
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(EVERY, in)
            .task("t", ExampleKernels::copy, ctx, in, between)
            .task("u", ExampleKernels::copy, ctx, between, out)
            .transferToHost(EVERY, out);
    try (TornadoExecutionPlan plan = profiled(grids("g.t", "g.u"), graph.snapshot())) {
      assertMoved(BYTES, BYTES, 2, plan.execute());
      assertArrayEquals(plus(0), out.toHeapArray());
    }
  }

  @Test
  void arrayThatTheFirstTaskOnlyWritesIsNotCopied() throws Exception {
    IntArray a = ints(N);
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(EVERY, a)
            .task("t", ExampleKernels::writeFirstOnly, ctx, a)
            .transferToHost(EVERY, a);
    try (TornadoExecutionPlan plan = profiled(grids("g.t"), graph.snapshot())) {
      assertMoved(0, BYTES, plan.execute());
      assertEquals(7, a.get(N - 1));
    }
  }

  @Test
  void warmUpExecutes() throws Exception {
    IntArray a = ints(N);
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(FIRST, a)
            .task("t", ExampleKernels::increment, ctx, a)
            .transferToHost(EVERY, a);
    try (TornadoExecutionPlan plan = profiled(grids("g.t"), graph.snapshot())) {
      plan.withPreCompilation().withWarmUpIterations(2).execute();
      assertArrayEquals(plus(3), a.toHeapArray());
    }
  }

  @Test
  void planLimitsTheSizeOfAGraphsArrays() throws Exception {
    IntArray a = ints(1_000_000);
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(FIRST, a)
            .task("t", ExampleKernels::increment, ctx, a)
            .transferToHost(EVERY, a);
    try (TornadoExecutionPlan plan = new TornadoExecutionPlan(graph.snapshot())) {
      plan.withGridScheduler(grids("g.t")).withMemoryLimit("3MB");
      assertThrows(TornadoMemoryException.class, plan::execute);
      plan.withMemoryLimit("5MB").execute();
      assertEquals(N, a.get(N - 1));
      assertEquals(N, a.get(N));
    }
  }
}
