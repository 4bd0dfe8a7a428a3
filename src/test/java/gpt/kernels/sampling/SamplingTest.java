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
  private static final Sampling.Layout SMALL = new Sampling.Layout(65, 64, 6);
  private static final Sampling.Layout ODD = new Sampling.Layout(1009, 300, 6);
  private static final Sampling.Layout LARGE_DIGITS = new Sampling.Layout(257, 100, 10);
  private static final Sampling.Layout GPT2 = new Sampling.Layout(50257, 1024, 6);
  private static final Sampling.Layout ONE = new Sampling.Layout(1, 64, 6);

  @TestFactory
  List<DynamicTest> start() {
    return new KernelTests(20_000)
        .add(SamplingStart.VERSIONS, seed -> SamplingCases.start(1, 2, seed))
        .add(SamplingStart.VERSIONS, seed -> SamplingCases.start(3, 257, seed))
        .addLarge(SamplingStart.VERSIONS, seed -> SamplingCases.start(2, 50257, seed))
        .all();
  }

  @TestFactory
  List<DynamicTest> logitSteps() {
    KernelTests tests = new KernelTests(21_000);
    for (boolean on : List.of(true, false)) {
      tests
          .add(LogitSteps.VERSIONS, seed -> SamplingCases.logitSteps(1, SMALL, on, seed))
          .add(LogitSteps.VERSIONS, seed -> SamplingCases.logitSteps(3, ODD, on, seed))
          .addLarge(LogitSteps.VERSIONS, seed -> SamplingCases.logitSteps(2, GPT2, on, seed));
    }
    return tests.all();
  }

  @TestFactory
  List<DynamicTest> distances() {
    return new KernelTests(22_000)
        .add(Distances.VERSIONS, seed -> SamplingCases.distances(1, ONE, 1, seed))
        .add(Distances.VERSIONS, seed -> SamplingCases.distances(1, SMALL, 0.7, seed))
        .add(Distances.VERSIONS, seed -> SamplingCases.distances(3, ODD, 10, seed))
        .add(Distances.VERSIONS, seed -> SamplingCases.distances(2, ODD, 0.01, seed))
        .addLarge(Distances.VERSIONS, seed -> SamplingCases.distances(2, GPT2, 1, seed))
        .all();
  }

  /** Every digit of every kind of radix select. */
  @TestFactory
  List<DynamicTest> tally() {
    KernelTests tests = new KernelTests(23_000);
    for (int kind = Sampling.KIND_LOGPROBS; kind <= Sampling.KIND_DRAW; kind++) {
      int each = kind;
      for (int level = ODD.firstLevel(kind); level <= ODD.lastLevel(kind); level++) {
        int digit = level;
        tests.add(Tally.VERSIONS, seed -> SamplingCases.tally(2, ODD, each, digit, seed));
      }
      List<Version<Tally.Arguments>> threads = List.of(Tally.NAIVE, Tally.CHUNK_PER_THREAD);
      for (int level = LARGE_DIGITS.firstLevel(kind);
          level <= LARGE_DIGITS.lastLevel(kind);
          level++) {
        int digit = level;
        tests.add(threads, seed -> SamplingCases.tally(2, LARGE_DIGITS, each, digit, seed));
      }
      tests.addLarge(
          Tally.VERSIONS, seed -> SamplingCases.tally(2, GPT2, each, GPT2.lastLevel(each), seed));
    }
    return tests.all();
  }

  @TestFactory
  List<DynamicTest> selectDigit() {
    KernelTests tests = new KernelTests(24_000);
    for (int kind = Sampling.KIND_LOGPROBS; kind <= Sampling.KIND_DRAW; kind++) {
      int each = kind;
      for (int level = ODD.firstLevel(kind); level <= ODD.lastLevel(kind); level++) {
        int digit = level;
        tests.add(
            SelectDigit.VERSIONS, seed -> SamplingCases.selectDigit(2, ODD, each, digit, seed));
      }
      List<Version<SelectDigit.Arguments>> threads =
          List.of(SelectDigit.NAIVE, SelectDigit.SAMPLE_PER_THREAD);
      int last = LARGE_DIGITS.lastLevel(kind);
      tests.add(threads, seed -> SamplingCases.selectDigit(2, LARGE_DIGITS, each, last, seed));
    }
    return tests.all();
  }

  @TestFactory
  List<DynamicTest> moments() {
    return new KernelTests(25_000)
        .add(Moments.VERSIONS, seed -> SamplingCases.moments(1, 2, seed))
        .add(Moments.VERSIONS, seed -> SamplingCases.moments(3, 1009, seed))
        .addLarge(Moments.VERSIONS, seed -> SamplingCases.moments(2, 50257, seed))
        .all();
  }

  @TestFactory
  List<DynamicTest> draw() {
    KernelTests tests = new KernelTests(26_000);
    for (boolean penalties : List.of(true, false)) {
      tests.add(Draw.VERSIONS, seed -> SamplingCases.draw(penalties, seed));
    }
    return tests.all();
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
