package gpt.kernels.runtime;

import gpt.kernels.KernelTests;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Copies of keys and values between slots. */
@Tag("kernels")
class SlotCopyTest {
  @TestFactory
  List<DynamicTest> slotCopy() {
    KernelTests tests = new KernelTests(30_000);
    if (KernelTests.haveHalf()) {
      tests.add(
          SlotCopy.VERSIONS,
          seed -> SlotCopyCases.slotCopy(Matrix.F16, new int[] {1, 1, 1}, 2, 6, 3, 5, seed));
    }
    return tests
        .add(
            SlotCopy.VERSIONS,
            seed -> SlotCopyCases.slotCopy(new int[] {1, 1, 1}, 2, 3, 4, 5, seed))
        .add(
            SlotCopy.VERSIONS,
            seed -> SlotCopyCases.slotCopy(new int[] {0, 3, 0, 3}, 1, 7, 1, 9, seed))
        .add(
            SlotCopy.VERSIONS, seed -> SlotCopyCases.slotCopy(new int[] {0, 0}, 3, 5, 70, 80, seed))
        .add(SlotCopy.VERSIONS, seed -> SlotCopyCases.slotCopy(new int[] {0}, 2, 3, 4, 5, seed))
        .add(
            SlotCopy.VERSIONS,
            seed -> SlotCopyCases.slotCopy(new int[] {0, 0, 0}, 2, 3, 1, 7, seed))
        .all();
  }
}
