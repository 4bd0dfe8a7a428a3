package gpt.kernels;

import gpt.kernels.ResidualProjection.Branch;
import gpt.kernels.runtime.Matrix;
import gpt.kernels.runtime.Version;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * The matrix products: four epilogues, five versions, three precisions. Shapes with many rows are
 * tested with the versions for many rows and the naive one.
 */
@Tag("kernels")
class ProjectionTest {
  private static <A> List<Version<A>> forManyRows(Projection.Versions<A> versions) {
    return List.of(versions.naive(), versions.blockPerThread(), versions.tiled());
  }

  @TestFactory
  List<DynamicTest> lmHead() {
    List<Version<LmHead.Arguments>> all = LmHead.VERSIONS.all();
    KernelTests tests = new KernelTests(1000);
    for (int dtype : KernelTests.dtypes()) {
      tests
          .add(all, seed -> KernelCases.lmHead(dtype, 1, 7, 5, seed))
          .add(all, seed -> KernelCases.lmHead(dtype, 3, 67, 131, seed))
          .add(forManyRows(LmHead.VERSIONS), seed -> KernelCases.lmHead(dtype, 67, 71, 33, seed));
    }
    return tests
        .add(all, seed -> KernelCases.lmHead(Matrix.F32, 1, 1, 1, seed))
        .addLarge(all, seed -> KernelCases.lmHead(Matrix.F32, 2, 50257, 768, seed))
        .all();
  }

  @TestFactory
  List<DynamicTest> qkv() {
    List<Version<QkvProjection.Arguments>> all = QkvProjection.VERSIONS.all();
    KernelTests tests = new KernelTests(2000);
    for (int dtype : KernelTests.dtypes()) {
      tests.add(all, seed -> KernelCases.qkv(dtype, 3, 7, 5, false, seed));
    }
    return tests
        .add(all, seed -> KernelCases.qkv(Matrix.F32, 1, 3, 16, false, seed))
        .add(
            forManyRows(QkvProjection.VERSIONS),
            seed -> KernelCases.qkv(Matrix.F32, 67, 1, 33, true, seed))
        .addLarge(all, seed -> KernelCases.qkv(Matrix.F32, 1, 25, 64, false, seed))
        .all();
  }

  @TestFactory
  List<DynamicTest> residual() {
    List<Version<ResidualProjection.Arguments>> all = ResidualProjection.VERSIONS.all();
    KernelTests tests = new KernelTests(3000);
    for (int dtype : KernelTests.dtypes()) {
      tests.add(all, seed -> KernelCases.residual(Branch.MLP, dtype, 3, 33, 132, seed));
    }
    return tests
        .add(all, seed -> KernelCases.residual(Branch.ATTENTION, Matrix.F32, 1, 48, 48, seed))
        .add(
            forManyRows(ResidualProjection.VERSIONS),
            seed -> KernelCases.residual(Branch.MLP, Matrix.F32, 66, 63, 65, seed))
        .addLarge(all, seed -> KernelCases.residual(Branch.MLP, Matrix.F32, 1, 768, 3072, seed))
        .addLarge(
            all, seed -> KernelCases.residual(Branch.ATTENTION, Matrix.I8, 130, 768, 768, seed))
        .all();
  }

  @TestFactory
  List<DynamicTest> gelu() {
    List<Version<GeluProjection.Arguments>> all = GeluProjection.VERSIONS.all();
    KernelTests tests = new KernelTests(4000);
    for (int dtype : KernelTests.dtypes()) {
      tests.add(all, seed -> KernelCases.gelu(dtype, 1, 132, 33, Gelu.EXACT, seed));
    }
    return tests
        .add(all, seed -> KernelCases.gelu(Matrix.F32, 4, 60, 15, Gelu.TANH, seed))
        .add(
            forManyRows(GeluProjection.VERSIONS),
            seed -> KernelCases.gelu(Matrix.F32, 70, 64, 48, Gelu.TANH, seed))
        .addLarge(all, seed -> KernelCases.gelu(Matrix.F32, 5, 6400, 1600, Gelu.TANH, seed))
        .all();
  }
}
