package gpt.kernels.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;

import gpt.kernels.KernelTests;
import gpt.kernels.runtime.Version;
import gpt.sampling.Philox;
import gpt.sampling.Weight;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Each kernel of the sampling chain, by itself. */
@Tag("kernels")
class SamplingTest {
  @TestFactory
  List<DynamicTest> start() {
    return new KernelTests(20_000)
        .add(SamplingStart.VERSIONS, seed -> SamplingCases.start(1, 2, seed))
        .add(SamplingStart.VERSIONS, seed -> SamplingCases.start(3, 257, seed))
        .addLarge(SamplingStart.VERSIONS, seed -> SamplingCases.start(2, 50257, seed))
        .all();
  }

  /** One row for each of several settings; the emulator takes seconds for each. */
  @TestFactory
  List<DynamicTest> chain() {
    KernelTests tests = new KernelTests(22_000);
    List<Version<SamplingChain.Arguments>> versions = SamplingChain.VERSIONS;
    for (int vocabSize : new int[] {1, 65, 2053}) {
      tests.add(versions, seed -> SamplingCases.chain(SamplingCases.SETTINGS, vocabSize, seed));
    }
    return tests
        .addLarge(versions, seed -> SamplingCases.chain(SamplingCases.SETTINGS, 50257, seed))
        .addLarge(versions, seed -> SamplingCases.chain(SamplingCases.SETTINGS, 1 << 18, seed))
        .all();
  }

  /** A tie between all tokens, which only the digits of the id break. */
  @TestFactory
  List<DynamicTest> chainOfEqualLogits() {
    return new KernelTests(23_000)
        .add(SamplingChain.VERSIONS, seed -> SamplingCases.chainOfEqualLogits(700, seed))
        .addLarge(SamplingChain.VERSIONS, seed -> SamplingCases.chainOfEqualLogits(50257, seed))
        .all();
  }

  @TestFactory
  List<DynamicTest> chainOfInvalidLogits() {
    return new KernelTests(24_000)
        .add(SamplingChain.VERSIONS, seed -> SamplingCases.chainOfInvalidLogits(2, seed))
        .add(SamplingChain.VERSIONS, seed -> SamplingCases.chainOfInvalidLogits(1009, seed))
        .all();
  }

  @TestFactory
  List<DynamicTest> topTokens() {
    return new KernelTests(28_000)
        .add(TopTokens.VERSIONS, seed -> SamplingCases.topTokens(1, 2, 1, seed))
        .add(TopTokens.VERSIONS, seed -> SamplingCases.topTokens(3, 1009, 20, seed))
        .addLarge(TopTokens.VERSIONS, seed -> SamplingCases.topTokens(2, 50257, 5, seed))
        .all();
  }

  /** The kernels have a copy of the host's arithmetic. */
  @Test
  void arithmeticAgreesWithTheHost() {
    Random random = new Random(27_000);
    for (int i = 0; i < 100_000; i++) {
      int q = random.nextInt(Weight.MASKED_DISTANCE + 1);
      assertEquals(Weight.of(q), FixedPoint.weight(q), "q " + q);
      long sum = random.nextLong(1, 1L << 62);
      int fraction = random.nextInt(1, (1 << 30) + 1);
      assertEquals(Weight.fractionOf(sum, fraction), FixedPoint.fractionOf(sum, fraction));
      int r = random.nextInt(1 << 24);
      assertEquals(Weight.drawPoint(sum, r), FixedPoint.drawPoint(sum, r));
      long seed = random.nextLong();
      int sample = random.nextInt();
      int step = random.nextInt();
      assertEquals(
          Philox.bits(seed, sample, step),
          FixedPoint.random((int) seed, (int) (seed >> 32), sample, step));
    }
  }
}
