package gpt.kernels;

import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** What beam search adds to a pass. */
@Tag("kernels")
class BeamKernelsTest {
  @TestFactory
  List<DynamicTest> slotCopy() {
    return new KernelTests(30_000)
        .add(SlotCopy.VERSIONS, seed -> BeamCases.slotCopy(new int[] {1, 1, 1}, 2, 3, 4, 5, seed))
        .add(
            SlotCopy.VERSIONS, seed -> BeamCases.slotCopy(new int[] {0, 3, 0, 3}, 1, 7, 1, 9, seed))
        .add(SlotCopy.VERSIONS, seed -> BeamCases.slotCopy(new int[] {0, 0}, 3, 5, 70, 80, seed))
        .all();
  }
}
