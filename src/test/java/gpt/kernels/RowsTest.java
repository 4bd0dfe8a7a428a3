package gpt.kernels;

import gpt.kernels.runtime.Copy;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Operations on each row independently: embedding, norms, cross-entropy; and the copy. */
@Tag("kernels")
class RowsTest {
  @TestFactory
  List<DynamicTest> embedding() {
    KernelTests tests = new KernelTests(9000);
    for (int dtype : KernelTests.dtypes()) {
      tests
          .add(Embedding.VERSIONS, seed -> KernelCases.embedding(dtype, 1, 1, 1, seed))
          .add(Embedding.VERSIONS, seed -> KernelCases.embedding(dtype, 3, 50, 33, seed))
          .add(Embedding.VERSIONS, seed -> KernelCases.embedding(dtype, 65, 257, 64, seed))
          .addLarge(Embedding.VERSIONS, seed -> KernelCases.embedding(dtype, 2, 50257, 768, seed));
    }
    return tests.all();
  }

  @TestFactory
  List<DynamicTest> copy() {
    return new KernelTests(9500)
        .add(Copy.VERSIONS, seed -> KernelCases.copy(1, seed))
        .add(Copy.VERSIONS, seed -> KernelCases.copy(257, seed))
        .add(Copy.VERSIONS, seed -> KernelCases.copy(16385, seed))
        .addLarge(Copy.VERSIONS, seed -> KernelCases.copy(1 << 20, seed))
        .all();
  }

  @TestFactory
  List<DynamicTest> layerNorm() {
    KernelTests tests = new KernelTests(10_000);
    for (LayerNorm.Place place : LayerNorm.Place.values()) {
      tests
          .add(LayerNorm.VERSIONS, seed -> KernelCases.layerNorm(place, 1, 48, seed))
          .add(LayerNorm.VERSIONS, seed -> KernelCases.layerNorm(place, 5, 769, seed))
          .add(LayerNorm.VERSIONS, seed -> KernelCases.layerNorm(place, 3, 2, seed))
          .addLarge(LayerNorm.VERSIONS, seed -> KernelCases.layerNorm(place, 130, 1600, seed));
    }
    return tests.all();
  }

  @TestFactory
  List<DynamicTest> crossEntropy() {
    return new KernelTests(17_000)
        .add(CrossEntropy.VERSIONS, seed -> LossCases.crossEntropy(1, 1, seed))
        .add(CrossEntropy.VERSIONS, seed -> LossCases.crossEntropy(1, 2, seed))
        .add(CrossEntropy.VERSIONS, seed -> LossCases.crossEntropy(8, 65, seed))
        .add(CrossEntropy.VERSIONS, seed -> LossCases.crossEntropy(3, 257, seed))
        .add(CrossEntropy.VERSIONS, seed -> LossCases.crossEntropy(2, 1009, seed))
        .add(CrossEntropy.VERSIONS, seed -> LossCases.ofInvalid(2, seed))
        .add(CrossEntropy.VERSIONS, seed -> LossCases.ofInvalid(1009, seed))
        .add(CrossEntropy.VERSIONS, seed -> LossCases.ofExtremes(3, seed))
        .add(CrossEntropy.VERSIONS, seed -> LossCases.ofExtremes(1009, seed))
        .addLarge(CrossEntropy.VERSIONS, seed -> LossCases.crossEntropy(5, 50257, seed))
        .all();
  }
}
