package gpt.kernels.runtime;

import gpt.kernels.KernelCases;
import gpt.kernels.KernelTests;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** The kernel that sets the rows of a step. */
@Tag("kernels")
class PassTest {
  @TestFactory
  List<DynamicTest> feed() {
    return new KernelTests(12_000)
        .add(Feed.VERSIONS, seed -> KernelCases.feed(1, 1, 1, seed))
        .add(Feed.VERSIONS, seed -> KernelCases.feed(70, 1, 100, seed))
        .add(Feed.VERSIONS, seed -> KernelCases.feed(2, 70, 80, seed))
        .add(Feed.VERSIONS, seed -> KernelCases.feed(0, 8, 12, seed))
        .all();
  }
}
