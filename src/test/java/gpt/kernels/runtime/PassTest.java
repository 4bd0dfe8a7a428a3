package gpt.kernels.runtime;

import gpt.kernels.KernelCases;
import gpt.kernels.KernelTests;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** The kernels that set the rows of a step. */
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

  @TestFactory
  List<DynamicTest> advance() {
    return new KernelTests(13_000)
        .add(Advance.VERSIONS, seed -> KernelCases.advance(1, seed))
        .add(Advance.VERSIONS, seed -> KernelCases.advance(5, seed))
        .add(Advance.VERSIONS, seed -> KernelCases.advance(70, seed))
        .all();
  }
}
