package gpt.backend.tornado;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Devices by name, and their test. */
@Tag("kernels")
class TornadoDevicesTest {
  @Test
  void devicesAreFoundByName() {
    TornadoDevices devices = TornadoDevices.find();
    TornadoDevices.Device first = devices.first();
    assertEquals(first.id(), devices.named(first.backend(), first.index()).id());
    assertEquals(first.id(), devices.named("0", 0).id());
    String message =
        assertThrows(GptException.class, () -> devices.named("opencl", 99)).getMessage();
    assertTrue(message.contains("opencl:99") && message.contains(first.id()), message);
    assertArrayEquals(
        devices.all().stream().map(TornadoDevices.Device::id).distinct().toArray(),
        devices.all().stream().map(TornadoDevices.Device::id).toArray());
  }

  @Test
  void everyDevicePassesItsTest() {
    for (TornadoDevices.Device device : TornadoDevices.find().all()) {
      assertEquals(5, DeviceTest.run(device), device.id());
    }
  }
}
