package gpt.backend.tornado;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.backend.tornado.check.DeviceTest;
import gpt.kernels.LmHead;
import gpt.kernels.runtime.Version;
import gpt.model.Kernels;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

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

  /** A GPU is listed by each of its backends, in the SDK's order. */
  @Test
  void cudaIsPreferredToPtxAndPtxToOpenCl() {
    TornadoDevices.Device d = TornadoDevices.find().first();
    List<TornadoDevices.Device> all =
        Stream.of("opencl", "ptx", "cuda", "cuda").map(backend -> as(d, backend)).toList();
    assertSame(all.get(2), new TornadoDevices(all).gpu());
    assertSame(all.get(2), new TornadoDevices(all).accelerator().orElseThrow());
    assertSame(all.get(1), new TornadoDevices(all.subList(0, 2)).gpu());
    assertSame(all.get(0), new TornadoDevices(all).first());
  }

  private static TornadoDevices.Device as(TornadoDevices.Device d, String backend) {
    return new TornadoDevices.Device(
        backend,
        0,
        0,
        d.name(),
        d.platform(),
        TornadoDevices.Type.GPU,
        d.memory(),
        d.largestArray(),
        true,
        d.handle(),
        Kernels.AUTO);
  }

  @Test
  void everyDevicePassesItsTest() {
    for (TornadoDevices.Device device : TornadoDevices.find().all()) {
      assertEquals(device.hasShuffles() ? 6 : 5, DeviceTest.run(device), device.id());
      assertFalse(DeviceTest.lacksShuffles(device), device.id());
    }
  }

  /** What OpenCL's simdSum does: without the check, all logits would be wrong. */
  static void identity(KernelContext context, FloatArray x, FloatArray y) {
    y.set(context.globalIdx, x.get(context.globalIdx));
  }

  @Test
  void shufflesThatDoNotAddUpAreNotUsed() {
    TornadoDevices.Device device = TornadoDevices.find().first();
    assertFalse(
        Shuffles.addUp(
            device,
            (graph, x, y) ->
                graph.task("sums", TornadoDevicesTest::identity, new KernelContext(), x, y)));
    assertEquals(device.hasShuffles(), Shuffles.addUp(device, Shuffles::addSums));
    assertEquals(device.hasShuffles(), Shuffles.work(device));
    Version<LmHead.Arguments> local =
        KernelSet.of(as(device, "cuda"), false).projection(LmHead.VERSIONS, false, 64);
    assertSame(LmHead.VERSIONS.rowPerWarpLocal(), local);
  }
}
