package gpt.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import gpt.backend.tornado.TornadoDevices;
import gpt.kernels.ResidualProjection.Branch;
import gpt.kernels.runtime.Matrix;
import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Version;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * The matrix products: four epilogues, six versions, three precisions, three sources of x. Shapes
 * with many rows are tested with the versions for many rows and the naive one, and one small shape
 * of each epilogue with all versions: a device compiles each, which takes seconds with PoCL.
 */
@Tag("kernels")
class ProjectionTest {
  private static <A> List<Version<A>> forFewRows(
      Projection.Versions<A> versions, TornadoDevices.Device device) {
    List<Version<A>> few = new ArrayList<>(List.of(versions.naive(), versions.rowPerThread()));
    few.addAll(versions.computing(device.hasShuffles()));
    return few;
  }

  @TestFactory
  List<DynamicTest> lmHead() {
    KernelTests.Versions<LmHead.Arguments> all =
        device -> LmHead.VERSIONS.all(device.hasShuffles());
    KernelTests.Versions<LmHead.Arguments> few = device -> forFewRows(LmHead.VERSIONS, device);
    KernelTests.Versions<LmHead.Arguments> computing =
        device -> LmHead.VERSIONS.computing(device.hasShuffles());
    KernelTests tests = new KernelTests(1000);
    for (int dtype : KernelTests.dtypes()) {
      tests
          .add(few, seed -> KernelCases.lmHead(dtype, 1, 7, 5, seed))
          .add(few, seed -> KernelCases.lmHead(dtype, 3, 35, 131, seed))
          .add(computing, seed -> KernelCases.lmHead(SourceCases.NORMED, dtype, 5, 19, 67, seed))
          .add(LmHead.VERSIONS.forManyRows(), seed -> KernelCases.lmHead(dtype, 67, 71, 33, seed));
    }
    return tests
        .add(all, seed -> KernelCases.lmHead(Matrix.F32, 1, 1, 1, seed))
        .addLarge(few, seed -> KernelCases.lmHead(Matrix.F32, 2, 50257, 768, seed))
        .all();
  }

  @TestFactory
  List<DynamicTest> qkv() {
    KernelTests.Versions<QkvProjection.Arguments> all =
        device -> QkvProjection.VERSIONS.all(device.hasShuffles());
    KernelTests.Versions<QkvProjection.Arguments> few =
        device -> forFewRows(QkvProjection.VERSIONS, device);
    KernelTests.Versions<QkvProjection.Arguments> computing =
        device -> QkvProjection.VERSIONS.computing(device.hasShuffles());
    KernelTests tests = new KernelTests(2000);
    for (int dtype : KernelTests.dtypes()) {
      tests
          .add(few, seed -> KernelCases.qkv(dtype, 3, 2, 5, false, seed))
          .add(
              computing,
              seed -> KernelCases.qkv(SourceCases.NORMED, dtype, Matrix.F32, 5, 1, 9, false, seed));
    }
    if (KernelTests.haveHalf()) {
      tests.add(
          all,
          seed -> KernelCases.qkv(SourceCases.PLAIN, Matrix.F32, Matrix.F16, 3, 2, 6, true, seed));
    }
    return tests
        .add(all, seed -> KernelCases.qkv(Matrix.F32, 1, 3, 16, false, seed))
        .add(
            QkvProjection.VERSIONS.forManyRows(),
            seed -> KernelCases.qkv(Matrix.F32, 67, 1, 33, true, seed))
        .addLarge(few, seed -> KernelCases.qkv(Matrix.F32, 1, 25, 64, false, seed))
        .all();
  }

  @TestFactory
  List<DynamicTest> residual() {
    KernelTests.Versions<ResidualProjection.Arguments> all =
        device -> ResidualProjection.VERSIONS.all(device.hasShuffles());
    KernelTests.Versions<ResidualProjection.Arguments> few =
        device -> forFewRows(ResidualProjection.VERSIONS, device);
    KernelTests.Versions<ResidualProjection.Arguments> computing =
        device -> ResidualProjection.VERSIONS.computing(device.hasShuffles());
    KernelTests tests = new KernelTests(3000);
    for (int dtype : KernelTests.dtypes()) {
      tests
          .add(few, seed -> KernelCases.residual(Branch.MLP, dtype, 3, 6, 261, seed))
          .add(
              computing,
              seed ->
                  KernelCases.residual(
                      SourceCases.MERGED, Branch.ATTENTION, dtype, 5, 3, 24, seed));
    }
    return tests
        .add(all, seed -> KernelCases.residual(Branch.ATTENTION, Matrix.F32, 1, 5, 48, seed))
        .add(computing, seed -> KernelCases.residual(Branch.MLP, Matrix.I8, 3, 2, 3001, seed))
        .add(
            ResidualProjection.VERSIONS.forManyRows(),
            seed -> KernelCases.residual(Branch.MLP, Matrix.F32, 66, 63, 65, seed))
        .addLarge(few, seed -> KernelCases.residual(Branch.MLP, Matrix.F32, 1, 768, 3072, seed))
        .addLarge(
            ResidualProjection.VERSIONS.forManyRows(),
            seed -> KernelCases.residual(Branch.ATTENTION, Matrix.I8, 130, 768, 768, seed))
        .all();
  }

  @TestFactory
  List<DynamicTest> gelu() {
    KernelTests.Versions<GeluProjection.Arguments> all =
        device -> GeluProjection.VERSIONS.all(device.hasShuffles());
    KernelTests.Versions<GeluProjection.Arguments> few =
        device -> forFewRows(GeluProjection.VERSIONS, device);
    KernelTests.Versions<GeluProjection.Arguments> computing =
        device -> GeluProjection.VERSIONS.computing(device.hasShuffles());
    KernelTests tests = new KernelTests(4000);
    for (int dtype : KernelTests.dtypes()) {
      tests
          .add(few, seed -> KernelCases.gelu(dtype, 1, 20, 33, Gelu.EXACT, seed))
          .add(
              computing,
              seed -> KernelCases.gelu(SourceCases.NORMED, dtype, 2, 5, 301, Gelu.TANH, seed));
    }
    return tests
        .add(all, seed -> KernelCases.gelu(Matrix.F32, 4, 12, 15, Gelu.TANH, seed))
        .add(
            GeluProjection.VERSIONS.forManyRows(),
            seed -> KernelCases.gelu(Matrix.F32, 70, 64, 48, Gelu.TANH, seed))
        .addLarge(few, seed -> KernelCases.gelu(Matrix.F32, 5, 6400, 1600, Gelu.TANH, seed))
        .all();
  }

  /** A row has the same bits alone and beside 1, 3 and 4 others, on all devices and versions. */
  @TestFactory
  List<DynamicTest> bitsDoNotDependOnOtherRows() {
    List<DynamicTest> tests = new ArrayList<>();
    for (TornadoDevices.Device device : KernelTests.DEVICES) {
      for (Version<LmHead.Arguments> version : LmHead.VERSIONS.computing(device.hasShuffles())) {
        for (int dtype : KernelTests.dtypes()) {
          KernelCase<LmHead.Arguments> test =
              KernelCases.lmHead(SourceCases.NORMED, dtype, 5, 6, 150, 5000);
          tests.add(
              DynamicTest.dynamicTest(
                  device.id() + " " + version + ": " + test,
                  () -> {
                    LmHead.Arguments a = test.arguments();
                    a.pass().set(Pass.LOGIT_ROWS, 5);
                    test.run(version, device.handle());
                    float[] all = new float[5 * 6];
                    for (int i = 0; i < all.length; i++) {
                      all[i] = a.logits().get(i);
                    }
                    for (int rows : new int[] {1, 2, 4}) {
                      a.pass().set(Pass.LOGIT_ROWS, rows);
                      test.run(version, device.handle());
                      for (int i = 0; i < rows * 6; i++) {
                        assertEquals(all[i], a.logits().get(i), rows + " rows, element " + i);
                      }
                    }
                  }));
        }
      }
    }
    return tests;
  }
}
