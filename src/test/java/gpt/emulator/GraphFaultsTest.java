package gpt.emulator;

import static gpt.emulator.Plans.grid;
import static gpt.emulator.Plans.ints;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoBailoutRuntimeException;
import uk.ac.manchester.tornado.api.exceptions.TornadoOutOfMemoryException;
import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;
import uk.ac.manchester.tornado.api.exceptions.TornadoTaskRuntimeException;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The emulator's messages for graphs that TornadoVM runs incorrectly or stops without a message.
 */
class GraphFaultsTest {
  private static final int FIRST = DataTransferMode.FIRST_EXECUTION;
  private static final int EVERY = DataTransferMode.EVERY_EXECUTION;
  private static final int N = 16;

  private final KernelContext ctx = new KernelContext();
  private final IntArray a = ints(N);
  private final IntArray b = ints(N);
  private final IntArray out = new IntArray(N);

  private static GridScheduler grids(String... tasks) {
    GridScheduler grids = new GridScheduler();
    for (String task : tasks) {
      grids.addWorkerGrid(task, grid(N, 8));
    }
    return grids;
  }

  private static void assertFault(Executable run, String... parts) {
    String message = assertThrows(TornadoBailoutRuntimeException.class, run).getMessage();
    for (String part : parts) {
      assertTrue(message.contains(part), "'" + part + "' is not in: " + message);
    }
    assertEquals(-1, message.indexOf('\n'), message);
  }

  private TaskGraph producer(String name) {
    return new TaskGraph(name)
        .transferToDevice(FIRST, a)
        .task("t", ExampleKernels::increment, ctx, a)
        .persistOnDevice(a);
  }

  private TaskGraph consumer(String from) {
    return new TaskGraph("consumer")
        .consumeFromDevice(from, a)
        .task("t", ExampleKernels::copy, ctx, a, out)
        .transferToHost(EVERY, out);
  }

  @Test
  void allGraphsAtOncePassNoBuffersOn() throws Exception {
    try (TornadoExecutionPlan plan =
        new TornadoExecutionPlan(producer("p").snapshot(), consumer("p").snapshot())) {
      plan.withGridScheduler(grids("p.t", "consumer.t"));
      assertFault(
          plan::execute,
          "graph consumer consumes an array (IntArray of 16, argument 2 of consumer.t) from p",
          "one by one with withGraph");
    }
  }

  @Test
  void graphInBetweenHasNoBuffer() throws Exception {
    TaskGraph between =
        new TaskGraph("between")
            .transferToDevice(FIRST, b)
            .task("t", ExampleKernels::increment, ctx, b)
            .persistOnDevice(b);
    try (TornadoExecutionPlan plan =
        new TornadoExecutionPlan(
            producer("p").snapshot(), between.snapshot(), consumer("p").snapshot())) {
      plan.withGridScheduler(grids("p.t", "between.t", "consumer.t"));
      plan.withGraph(0).execute();
      plan.withGraph(1).execute();
      assertFault(
          () -> plan.withGraph(2).execute(),
          "consumes an array (IntArray of 16, argument 2 of consumer.t) from p",
          "the graph executed last, between, does not have it");
    }
  }

  @Test
  void onlyPersistedArraysCanBeConsumed() throws Exception {
    TaskGraph producer =
        new TaskGraph("p")
            .transferToDevice(FIRST, a)
            .task("t", ExampleKernels::increment, ctx, a)
            .transferToHost(EVERY, a);
    try (TornadoExecutionPlan plan =
        new TornadoExecutionPlan(producer.snapshot(), consumer("p").snapshot())) {
      plan.withGridScheduler(grids("p.t", "consumer.t"));
      plan.withGraph(0).execute();
      assertFault(() -> plan.withGraph(1).execute(), "p does not persist it on the device");
    }
  }

  @Test
  void unusedArrayHasNoBuffer() throws Exception {
    TaskGraph producer =
        new TaskGraph("p")
            .transferToDevice(FIRST, a, b)
            .task("t", ExampleKernels::increment, ctx, b)
            .persistOnDevice(a, b);
    try (TornadoExecutionPlan plan =
        new TornadoExecutionPlan(producer.snapshot(), consumer("p").snapshot())) {
      plan.withGridScheduler(grids("p.t", "consumer.t"));
      plan.withGraph(0).execute();
      assertFault(
          () -> plan.withGraph(1).execute(), "p has no buffer of it: none of its tasks uses it");
    }
  }

  @Test
  void bufferPersistedByTwoGraphsIsFreedTwice() throws Exception {
    TaskGraph passing =
        new TaskGraph("passing")
            .consumeFromDevice("p", a)
            .task("t", ExampleKernels::increment, ctx, a)
            .persistOnDevice(a);
    TornadoExecutionPlan plan =
        new TornadoExecutionPlan(producer("p").snapshot(), passing.snapshot())
            .withGridScheduler(grids("p.t", "passing.t"));
    plan.withGraph(0).execute();
    plan.withGraph(1).execute();
    assertFault(() -> plan.withAllGraphs().close(), "graph passing frees", "do not persist it");
  }

  @Test
  void copyToTheHostOfAnUnwrittenArray() throws Exception {
    TaskGraph reader =
        new TaskGraph("reader")
            .consumeFromDevice("p", a)
            .task("t", ExampleKernels::copy, ctx, a, out)
            .transferToHost(EVERY, a, out);
    try (TornadoExecutionPlan plan =
        new TornadoExecutionPlan(producer("p").snapshot(), reader.snapshot())) {
      plan.withGridScheduler(grids("p.t", "reader.t"));
      plan.withGraph(0).execute();
      assertFault(() -> plan.withGraph(1).execute(), "none of its tasks writes it");
      plan.withGraph(0);
    }
  }

  @Test
  void copyOnDemandOfAnArrayWithoutBuffer() throws Exception {
    try (TornadoExecutionPlan plan = new TornadoExecutionPlan(producer("p").snapshot())) {
      var result = plan.withGridScheduler(grids("p.t")).execute();
      assertFault(() -> result.transferToHost(b), "graph p cannot copy");
    }
  }

  @Test
  void namesAndIndexes() {
    TaskGraph graph = producer("p");
    assertThrows(
        TornadoTaskRuntimeException.class,
        () -> graph.task("t", ExampleKernels::increment, ctx, a));
    assertThrows(
        TornadoRuntimeException.class,
        () -> new TornadoExecutionPlan(graph.snapshot()).withGraph(1));
    assertThrows(
        TornadoRuntimeException.class,
        () -> new TornadoExecutionPlan(graph.snapshot()).withGridScheduler(grids("p.u")));
    assertThrows(
        TornadoRuntimeException.class,
        () -> new TaskGraph("g").transferToDevice(FIRST, new int[4]));
  }

  @Test
  void deviceMemoryIsLimited() throws Exception {
    System.setProperty("tornado.device.memory", "1MB");
    try {
      IntArray large = ints(1 << 18);
      TaskGraph graph =
          new TaskGraph("g")
              .transferToDevice(FIRST, large)
              .task("t", ExampleKernels::increment, ctx, large)
              .transferToHost(EVERY, large);
      try (TornadoExecutionPlan plan = new TornadoExecutionPlan(graph.snapshot())) {
        plan.withGridScheduler(grids("g.t"));
        String message =
            assertThrows(TornadoOutOfMemoryException.class, plan::execute).getMessage();
        assertTrue(message.contains("-Dtornado.device.memory"), message);
        System.setProperty("tornado.device.memory", "2MB");
        plan.execute();
      }
    } finally {
      System.clearProperty("tornado.device.memory");
    }
  }
}
