package gpt.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.backend.tornado.TornadoDevices;
import gpt.kernels.runtime.Matrix;
import gpt.kernels.runtime.Version;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A third opinion: the projection's versions on devices, and TornadoVM's matrix product. */
@Tag("tornado")
class TornadoMatricesTest {
  @Test
  void projectionsAreTornadoVmsOwnProducts() throws Exception {
    assertTrue(TornadoMatrices.present(), "the SDK has no tornado-matrices");
    int rows = 3;
    int n = 35;
    KernelCase<LmHead.Arguments> test = KernelCases.lmHead(Matrix.F32, rows, n, 131, 7000);
    LmHead.Arguments a = test.arguments();
    TornadoMatrices matrices = new TornadoMatrices(a.x().asItIs(), a.w(), rows);
    matrices.multiply();
    float[] expected = matrices.product();
    for (TornadoDevices.Device device : KernelTests.DEVICES) {
      for (Version<LmHead.Arguments> version : LmHead.VERSIONS.all(device.hasShuffles())) {
        test.run(version, device.handle());
        for (int i = 0; i < expected.length; i++) {
          assertEquals(
              expected[i], a.logits().get(i), 2e-5f, device.id() + " " + version + " " + i);
        }
      }
    }
  }
}
