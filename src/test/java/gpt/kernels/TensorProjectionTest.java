package gpt.kernels;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import gpt.backend.tornado.TornadoDevices;
import gpt.kernels.runtime.Matrix;
import gpt.kernels.runtime.Version;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Projections on tensor cores, which only CUDA devices and the emulator have. */
@Tag("kernels")
class TensorProjectionTest {
  private final List<DynamicTest> tests = new ArrayList<>();

  private <A> void add(Projection.Versions<A> versions, KernelCase<A> test, int n, int rows) {
    for (TornadoDevices.Device device : KernelTests.DEVICES) {
      Version<A> version =
          versions
              .tensorCores()
              .apply(test.output(Math.toIntExact(Projection.productSize(n, rows))));
      tests.add(
          DynamicTest.dynamicTest(
              device.id() + " " + test,
              () -> {
                assumeTrue(device.hasTensorCores(), "no tensor cores");
                assertNull(
                    test.tolerance(KernelCase.Tolerance.HALF_PRODUCT)
                        .check(version, device.handle()));
              }));
    }
  }

  /** Shapes that are one, no multiple of a tile, and several tiles. */
  @TestFactory
  List<DynamicTest> allProjections() {
    for (int dtype : KernelTests.dtypes()) {
      add(
          QkvProjection.VERSIONS,
          KernelCases.qkv(SourceCases.PLAIN, dtype, Matrix.F32, 67, 2, 11, true, 40 + dtype),
          66,
          67);
      add(
          GeluProjection.VERSIONS,
          KernelCases.gelu(dtype, 3, 70, 33, Gelu.TANH, 50 + dtype),
          70,
          3);
    }
    add(
        ResidualProjection.VERSIONS,
        KernelCases.residual(ResidualProjection.Branch.MLP, Matrix.F32, 5, 65, 64, 60),
        65,
        5);
    return tests;
  }
}
