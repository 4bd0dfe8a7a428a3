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
        .add(SlotCopy.VERSIONS, seed -> BeamCases.slotCopy(new int[] {0}, 2, 3, 4, 5, seed))
        .add(SlotCopy.VERSIONS, seed -> BeamCases.slotCopy(new int[] {0, 0, 0}, 2, 3, 1, 7, seed))
        .all();
  }

  @TestFactory
  List<DynamicTest> chunks() {
    return new KernelTests(31_000)
        .add(BeamChunks.VERSIONS, seed -> BeamCases.chunks(1, 2, 1, 64, false, seed))
        .add(BeamChunks.VERSIONS, seed -> BeamCases.chunks(3, 6, 300, 64, false, seed))
        .add(BeamChunks.VERSIONS, seed -> BeamCases.chunks(2, 8, 700, 400, true, seed))
        .add(BeamChunks.VERSIONS, seed -> BeamCases.chunks(2, 4, 5, 3, true, seed))
        .add(BeamChunks.VERSIONS, BeamCases::damagedChunks)
        .addLarge(BeamChunks.VERSIONS, seed -> BeamCases.chunks(4, 8, 50257, 1024, true, seed))
        .all();
  }

  @TestFactory
  List<DynamicTest> totals() {
    return new KernelTests(32_000)
        .add(BeamTotals.VERSIONS, seed -> BeamCases.totals(1, 1, 0, seed))
        .add(BeamTotals.VERSIONS, seed -> BeamCases.totals(4, 50, 3, seed))
        .all();
  }

  @TestFactory
  List<DynamicTest> merge() {
    return new KernelTests(33_000)
        .add(BeamMerge.VERSIONS, seed -> BeamCases.merge(1, 2, 1, 64, false, 0, seed))
        .add(BeamMerge.VERSIONS, seed -> BeamCases.merge(3, 6, 300, 64, false, 0, seed))
        .add(BeamMerge.VERSIONS, seed -> BeamCases.merge(4, 8, 700, 9, true, 0, seed))
        .add(BeamMerge.VERSIONS, seed -> BeamCases.merge(2, 16, 5, 3, true, 0, seed))
        .add(BeamMerge.VERSIONS, seed -> BeamCases.merge(2, 4, 50, 30, false, Sampling.NAN, seed))
        .all();
  }

  @TestFactory
  List<DynamicTest> feed() {
    return new KernelTests(34_000)
        .add(BeamFeed.VERSIONS, seed -> BeamCases.feed(1, 1, seed))
        .add(BeamFeed.VERSIONS, seed -> BeamCases.feed(5, 3, seed))
        .all();
  }
}
