package gpt.backend.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.exceptions.TornadoBailoutRuntimeException;

/** Errors of the runtime as one-line messages. */
class TornadoVmTest {
  private static final Throwable NO_PLATFORM =
      new ExceptionInInitializerError(
          new TornadoBailoutRuntimeException("[WARNING] No OpenCL platforms found. Deoptimizing"));

  @Test
  void recognizesARuntimeThatFailsWithoutADevice() {
    assertTrue(TornadoVm.findsNoDevice(NO_PLATFORM));
    Throwable noDevice =
        new ExceptionInInitializerError(
            new ArrayIndexOutOfBoundsException("Index 0 out of bounds for length 0"));
    assertTrue(TornadoVm.findsNoDevice(noDevice));
    // Java's own error at the second attempt.
    Throwable again = new NoClassDefFoundError("Could not initialize class TornadoExecutionPlan");
    again.initCause(
        new ExceptionInInitializerError("Exception java.lang.ArrayIndexOutOfBoundsException"));
    assertTrue(TornadoVm.findsNoDevice(again));
    assertFalse(TornadoVm.findsNoDevice(new UnsatisfiedLinkError("libcuda.so.1")));
    assertFalse(TornadoVm.findsNoDevice(new ArrayIndexOutOfBoundsException("elsewhere")));
  }

  @Test
  void anErrorWithoutAMessageNamesItsCause() {
    Throwable e = new ExceptionInInitializerError(new IllegalStateException("no driver"));
    assertEquals(
        "TornadoVM failed while looking for devices: IllegalStateException: no driver",
        TornadoVm.failure("looking for devices", e).getMessage());
  }
}
