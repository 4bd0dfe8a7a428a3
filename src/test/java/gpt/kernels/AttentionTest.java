package gpt.kernels;

import gpt.kernels.runtime.Matrix;
import gpt.kernels.runtime.Version;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Attention in decoding, in prefill, and in chunks of long contexts. */
@Tag("kernels")
class AttentionTest {
  @TestFactory
  List<DynamicTest> decode() {
    return new KernelTests(5000)
        .add(Attention.VERSIONS, seed -> AttentionCases.attention(1, 3, 16, 1, false, seed))
        .add(Attention.VERSIONS, seed -> AttentionCases.attention(3, 7, 9, 37, false, seed))
        .add(Attention.VERSIONS, seed -> AttentionCases.attention(2, 1, 33, 150, false, seed))
        .add(Attention.VERSIONS, seed -> AttentionCases.attention(1, 1, 256, 5, false, seed))
        .addLarge(
            Attention.VERSIONS, seed -> AttentionCases.attention(2, 12, 64, 1024, false, seed))
        .all();
  }

  @TestFactory
  List<DynamicTest> prefill() {
    List<Version<Attention.Arguments>> versions = PrefillAttention.VERSIONS;
    return new KernelTests(6000)
        .add(versions, seed -> AttentionCases.attention(1, 3, 16, 1, true, seed))
        .add(versions, seed -> AttentionCases.attention(1, 3, 16, 9, true, seed))
        .add(versions, seed -> AttentionCases.attention(19, 3, 16, 30, true, seed))
        .add(versions, seed -> AttentionCases.attention(33, 1, 33, 33, true, seed))
        .add(versions, seed -> AttentionCases.attention(16, 7, 9, 40, true, seed))
        .addLarge(versions, seed -> AttentionCases.attention(200, 12, 64, 300, true, seed))
        .all();
  }

  @TestFactory
  List<DynamicTest> chunks() {
    return new KernelTests(7000)
        .add(SplitAttention.VERSIONS, seed -> AttentionCases.splitAttention(1, 1, 5, 7, seed))
        .add(SplitAttention.VERSIONS, seed -> AttentionCases.splitAttention(2, 3, 16, 200, seed))
        .add(SplitAttention.VERSIONS, seed -> AttentionCases.splitAttention(3, 2, 9, 128, seed))
        .add(SplitAttention.VERSIONS, seed -> AttentionCases.splitAttention(2, 2, 48, 70, seed))
        .add(SplitAttention.VERSIONS, seed -> AttentionCases.splitAttention(1, 1, 130, 65, seed))
        .add(SplitAttention.VERSIONS, seed -> AttentionCases.splitAttention(1, 2, 1, 66, seed))
        .addLarge(
            SplitAttention.VERSIONS, seed -> AttentionCases.splitAttention(2, 12, 64, 1024, seed))
        .all();
  }

  /** Keys and values in half precision. */
  @TestFactory
  List<DynamicTest> halves() {
    KernelTests tests = new KernelTests(7500);
    if (!KernelTests.haveHalf()) {
      return tests.all();
    }
    int half = Matrix.F16;
    List<Version<SplitAttention.Arguments>> split = SplitAttention.VERSIONS;
    return tests
        .add(Attention.VERSIONS, seed -> AttentionCases.attention(half, 3, 3, 6, 37, false, seed))
        .add(
            PrefillAttention.VERSIONS,
            seed -> AttentionCases.attention(half, 19, 2, 10, 31, true, seed))
        .add(split, seed -> AttentionCases.splitAttention(half, 2, 3, 16, 199, seed))
        .add(split, seed -> AttentionCases.splitAttention(half, 1, 2, 6, 66, seed))
        .add(split, seed -> AttentionCases.splitAttention(half, 1, 1, 2, 65, seed))
        .add(split, seed -> AttentionCases.splitAttention(half, 1, 1, 256, 65, seed))
        .all();
  }

  @TestFactory
  List<DynamicTest> merge() {
    return new KernelTests(8000)
        .add(AttentionMerge.VERSIONS, seed -> AttentionCases.attentionMerge(1, 1, 5, 7, seed))
        .add(AttentionMerge.VERSIONS, seed -> AttentionCases.attentionMerge(4, 3, 16, 600, seed))
        .add(AttentionMerge.VERSIONS, seed -> AttentionCases.attentionMerge(3, 2, 9, 512, seed))
        .all();
  }
}
