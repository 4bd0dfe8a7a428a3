package gpt.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TornadoBackend;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Checks which API and which devices each of the two test runs uses. */
class TornadoSdkTest {
  private static final String HOME = System.getProperty("gpt.tornado.home", "");

  @Test
  @Tag("tornado")
  void tornadoVmRunsUseTheApiOfTheSdk() {
    for (Class<?> type : List.of(FloatArray.class, KernelContext.class, Parallel.class)) {
      assertEquals("tornado.api", type.getModule().getName(), type.getName());
      assertTrue(
          type.getModule().getDescriptor().toString().contains("tornado.api"), type.getName());
    }
    StringBuilder devices = new StringBuilder();
    List<TornadoBackend> backends = TornadoExecutionPlan.getTornadoDeviceMap().getAllBackends();
    for (int b = 0; b < backends.size(); b++) {
      List<TornadoDevice> all = backends.get(b).getAllDevices();
      for (int d = 0; d < all.size(); d++) {
        devices
            .append(devices.isEmpty() ? "" : ", ")
            .append(b + ":" + d + " ")
            .append(all.get(d).getPhysicalDevice().getDeviceName().strip())
            .append(" (" + backends.get(b).getBackendType() + ", ")
            .append(all.get(d).getDeviceType() + ")");
      }
    }
    System.out.println("TornadoVM: " + HOME + ", devices " + devices + "; kernels run on each");
  }

  @Test
  void otherRunsUseTheEmulator() {
    for (Class<?> type : List.of(FloatArray.class, KernelContext.class, Parallel.class)) {
      assertFalse(type.getModule().isNamed(), type.getName());
      String from = type.getProtectionDomain().getCodeSource().getLocation().getPath();
      assertTrue(from.endsWith("/test-classes/"), from);
    }
    if (HOME.isEmpty()) {
      System.out.println(
          "TornadoVM: skipped, no SDK of version "
              + System.getProperty("gpt.tornado.version")
              + " in TORNADOVM_HOME or ~/.tornadovm/current; with one, the kernels' tests run on"
              + " its devices too");
    }
  }

  @Test
  void emulatorListsItsDevice() {
    TornadoDevice device = TornadoExecutionPlan.getDevice(0, 0);
    assertEquals(device, TornadoExecutionPlan.DEFAULT_DEVICE);
    assertEquals(1, TornadoExecutionPlan.getTornadoDeviceMap().getNumBackends());
    assertEquals(TornadoVMBackendType.JAVA, device.getTornadoVMBackend());
    assertEquals(TornadoDeviceType.GPU, device.getDeviceType());
    assertEquals(1024, device.getPhysicalDevice().getDeviceMaxWorkGroupSize()[0]);
    assertNotEquals(0, device.getMaxGlobalMemory());
    System.setProperty("gpt.emulator.type", "cpu");
    try {
      assertEquals(TornadoDeviceType.CPU, device.getDeviceType());
      assertEquals(
          1,
          TornadoExecutionPlan.getTornadoDeviceMap()
              .getDevicesByType(TornadoDeviceType.CPU)
              .filter(d -> d.getDescription().toLowerCase(Locale.ROOT).contains("emulator"))
              .count());
      System.setProperty("gpt.emulator.type", "tpu");
      assertThrows(TornadoRuntimeException.class, device::getDeviceType);
    } finally {
      System.clearProperty("gpt.emulator.type");
    }
  }
}
