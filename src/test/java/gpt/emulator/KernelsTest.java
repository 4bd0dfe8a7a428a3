package gpt.emulator;

import static gpt.emulator.Plans.floats;
import static gpt.emulator.Plans.grid;
import static gpt.emulator.Plans.ints;
import static gpt.emulator.Plans.run;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid2D;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Correct kernels give the same bits on the emulator and, with an SDK, on TornadoVM, from the same
 * class files.
 */
@Tag("kernels")
class KernelsTest {
  private static final int IN = DataTransferMode.EVERY_EXECUTION;

  private final KernelContext ctx = new KernelContext();

  private TaskGraph graph(Object... in) {
    return new TaskGraph("g").transferToDevice(IN, in);
  }

  @Test
  void parallelLoopRunsWithoutAGrid() throws Exception {
    FloatArray in = floats(1000);
    FloatArray out = new FloatArray(1000);
    TaskGraph graph =
        graph(in).task("t", ExampleKernels::scaleParallel, in, out, 2.5f).transferToHost(IN, out);
    try (TornadoExecutionPlan plan = new TornadoExecutionPlan(graph.snapshot())) {
      plan.execute();
    }
    for (int i = 0; i < 1000; i++) {
      assertEquals(in.get(i) * 2.5f, out.get(i));
    }
  }

  @Test
  void guardProtectsArraysFromExtraItems() throws Exception {
    FloatArray a = floats(100);
    FloatArray b = floats(100);
    FloatArray out = new FloatArray(100);
    TaskGraph graph =
        graph(a, b)
            .task("t", ExampleKernels::addWithGuard, ctx, a, b, out, 100)
            .transferToHost(IN, out);
    run(graph, "t", grid(128, 32));
    for (int i = 0; i < 100; i++) {
      assertEquals(2 * a.get(i), out.get(i));
    }
  }

  /** 500 arrays of 128 bytes would be more than a workgroup has. */
  @Test
  void anAllocationInALoopIsOneArray() throws Exception {
    FloatArray in = new FloatArray(64);
    for (int i = 0; i < 64; i++) {
      in.set(i, i);
    }
    FloatArray out = new FloatArray(64);
    TaskGraph graph =
        graph(in).task("t", ExampleKernels::meanInALoop, ctx, in, out, 500).transferToHost(IN, out);
    run(graph, "t", grid(64, 32));
    for (int i = 0; i < 64; i++) {
      assertEquals(i < 32 ? 15.5f : 47.5f, out.get(i), "element " + i);
    }
  }

  @Test
  void itemsCanReturnEarly() throws Exception {
    IntArray in = ints(50);
    IntArray out = new IntArray(50);
    TaskGraph graph =
        graph(in).task("t", ExampleKernels::earlyReturn, ctx, in, out, 50).transferToHost(IN, out);
    run(graph, "t", grid(64, 16));
    assertArrayEquals(IntStream.range(0, 50).map(i -> i * 3 + 1).toArray(), out.toHeapArray());
  }

  @Test
  void workgroupsSumInLocalMemory() throws Exception {
    FloatArray in = floats(256);
    FloatArray out = new FloatArray(4);
    TaskGraph graph =
        graph(in).task("t", ExampleKernels::sumOfGroup, ctx, in, out).transferToHost(IN, out);
    run(graph, "t", grid(256, 64));
    for (int g = 0; g < 4; g++) {
      float[] part = new float[64];
      for (int i = 0; i < 64; i++) {
        part[i] = in.get(g * 64 + i);
      }
      for (int stride = 32; stride > 0; stride >>= 1) {
        for (int i = 0; i < stride; i++) {
          part[i] += part[i + stride];
        }
      }
      assertEquals(part[0], out.get(g));
    }
  }

  @Test
  void barriersInAHelperMethod() throws Exception {
    FloatArray in = floats(3 * 32 * 5);
    FloatArray out = new FloatArray(6);
    TaskGraph graph =
        graph(in)
            .task("t", ExampleKernels::meanAndMaximum, ctx, in, out, 5)
            .transferToHost(IN, out);
    run(graph, "t", grid(96, 32));
    for (int g = 0; g < 3; g++) {
      double sum = 0;
      float max = -1e30f;
      for (int i = 0; i < 160; i++) {
        sum += in.get(g * 160 + i);
        max = Math.max(max, in.get(g * 160 + i));
      }
      assertEquals(sum / 160, out.get(2 * g), 1e-5);
      assertEquals(max, out.get(2 * g + 1));
    }
  }

  @Test
  void aGridOfTwoDimensions() throws Exception {
    FloatArray in = floats(24 * 16);
    FloatArray out = new FloatArray(24 * 16);
    TaskGraph graph =
        graph(in)
            .task("t", ExampleKernels::transpose, ctx, in, out, 24, 16)
            .transferToHost(IN, out);
    WorkerGrid grid = new WorkerGrid2D(16, 24);
    grid.setLocalWork(8, 8, 1);
    run(graph, "t", grid);
    for (int r = 0; r < 24; r++) {
      for (int c = 0; c < 16; c++) {
        assertEquals(in.get(r * 16 + c), out.get(c * 24 + r));
      }
    }
  }

  @Test
  void itemsExchangeThroughGlobalMemory() throws Exception {
    IntArray scratch = new IntArray(64);
    IntArray out = new IntArray(64);
    TaskGraph graph =
        new TaskGraph("g")
            .task("t", ExampleKernels::shiftInGroup, ctx, scratch, out)
            .transferToHost(IN, out);
    run(graph, "t", grid(64, 16));
    for (int i = 0; i < 64; i++) {
      int next = i / 16 * 16 + (i + 1) % 16;
      assertEquals(next * next, out.get(i));
    }
  }

  @Test
  void bytes() throws Exception {
    ByteArray rows = new ByteArray(12 * 40);
    for (int i = 0; i < rows.getSize(); i++) {
      rows.set(i, (byte) (i * 7 - 100));
    }
    FloatArray scales = floats(12);
    FloatArray x = floats(40);
    FloatArray out = new FloatArray(12);
    TaskGraph graph =
        graph(rows, scales, x)
            .task("t", ExampleKernels::int8Rows, ctx, rows, scales, x, out, 40)
            .transferToHost(IN, out);
    run(graph, "t", grid(12, 4));
    for (int r = 0; r < 12; r++) {
      double sum = 0;
      for (int k = 0; k < 40; k++) {
        sum += rows.get(r * 40 + k) * x.get(k);
      }
      assertEquals(sum * scales.get(r), out.get(r), 1e-2);
    }
  }

  @Test
  void atomicAddition() throws Exception {
    IntArray in = IntArray.fromArray(IntStream.range(0, 96).map(i -> i % 5).toArray());
    IntArray counts = new IntArray(5);
    counts.clear();
    TaskGraph graph =
        graph(in, counts)
            .task("t", ExampleKernels::countAtomically, ctx, in, counts)
            .transferToHost(IN, counts);
    run(graph, "t", grid(96, 32));
    assertArrayEquals(new int[] {20, 19, 19, 19, 19}, counts.toHeapArray());
  }

  @Test
  void aGridWithoutALocalSize() throws Exception {
    IntArray in = ints(60);
    IntArray out = new IntArray(60);
    TaskGraph graph =
        graph(in).task("t", ExampleKernels::copy, ctx, in, out).transferToHost(IN, out);
    WorkerGrid grid = grid(60, 1);
    grid.setLocalWorkToNull();
    run(graph, "t", grid);
    assertArrayEquals(in.toHeapArray(), out.toHeapArray());
  }
}
