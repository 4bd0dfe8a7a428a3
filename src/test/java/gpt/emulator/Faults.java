package gpt.emulator;

import static gpt.emulator.Plans.grid;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task2;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task3;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoBailoutRuntimeException;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Runs faulty kernels and checks the emulator's message. */
final class Faults {
  static final int IN = DataTransferMode.EVERY_EXECUTION;

  static final KernelContext CTX = new KernelContext();

  private Faults() {}

  static String fault(TaskGraph graph, WorkerGrid grid) {
    return assertThrows(TornadoBailoutRuntimeException.class, () -> Plans.run(graph, "t", grid))
        .getMessage();
  }

  static <A> String fault(Task2<KernelContext, A> kernel, A out, WorkerGrid grid) {
    return fault(new TaskGraph("g").task("t", kernel, CTX, out).transferToHost(IN, out), grid);
  }

  static String fault(
      Task3<KernelContext, IntArray, IntArray> kernel, IntArray in, IntArray out, WorkerGrid grid) {
    return fault(
        new TaskGraph("g")
            .transferToDevice(IN, in)
            .task("t", kernel, CTX, in, out)
            .transferToHost(IN, out),
        grid);
  }

  static void assertSays(String message, String... parts) {
    for (String part : parts) {
      assertTrue(message.contains(part), "'" + part + "' is not in: " + message);
    }
    assertEquals(-1, message.indexOf('\n'), message);
  }
}
