package gpt.kernels;

import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Sampling;
import java.util.stream.IntStream;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Cases of {@link CrossEntropy}. */
final class LossCases {
  private LossCases() {}

  /** Rows of logits, two of them unused, and a target for each. */
  private record Rows(int vocabSize, IntArray pass, FloatArray logits, int[] targets) {
    static Rows of(KernelCase<?> test, int rows, int vocabSize) {
      return new Rows(
          vocabSize,
          test.pass(rows, rows, 1, 0),
          test.floats((rows + 2) * vocabSize, 4),
          test.random().ints(rows + 2, 0, vocabSize).toArray());
    }

    int count() {
      return pass.get(Pass.LOGIT_ROWS);
    }

    double loss(int r) {
      double largest = IntStream.range(0, vocabSize).mapToDouble(v -> at(r, v)).max().orElseThrow();
      double sum =
          IntStream.range(0, vocabSize).mapToDouble(v -> Math.exp(at(r, v) - largest)).sum();
      return Math.log(sum) + largest - at(r, targets[r]);
    }

    double at(int r, int v) {
      return logits.get(r * vocabSize + v);
    }

    KernelCase<CrossEntropy.Arguments> expect(
        KernelCase<CrossEntropy.Arguments> test, double... losses) {
      double[] expected = KernelCase.all(targets.length, Double.NaN);
      System.arraycopy(losses, 0, expected, 0, losses.length);
      FloatArray found = test.output(targets.length);
      return test.expect(found, expected)
          .arguments(
              new CrossEntropy.Arguments(
                  pass, logits, test.ints(targets), found, targets.length, vocabSize));
    }
  }

  static KernelCase<CrossEntropy.Arguments> crossEntropy(int rows, int vocabSize, long seed) {
    KernelCase<CrossEntropy.Arguments> test =
        new KernelCase<>("cross-entropy rows %d, vocabulary %d".formatted(rows, vocabSize), seed);
    Rows input = Rows.of(test, rows, vocabSize);
    test.cost(4L * rows * vocabSize, 3L * rows * vocabSize);
    return input.expect(test, IntStream.range(0, rows).mapToDouble(input::loss).toArray());
  }

  /**
   * Rows with a NaN, with +∞, with both, with −∞ only, with −∞ everywhere except at the target, and
   * a valid row.
   */
  static KernelCase<CrossEntropy.Arguments> ofInvalid(int vocabSize, long seed) {
    KernelCase<CrossEntropy.Arguments> test =
        new KernelCase<>(
            "cross-entropy of invalid logits, vocabulary %d".formatted(vocabSize), seed);
    Rows input = Rows.of(test, 6, vocabSize);
    FloatArray logits = input.logits;
    logits.set(test.random().nextInt(vocabSize), Float.NaN);
    logits.set(vocabSize + test.random().nextInt(vocabSize), Float.POSITIVE_INFINITY);
    logits.set(2 * vocabSize, Float.POSITIVE_INFINITY);
    logits.set(3 * vocabSize - 1, Float.NaN);
    for (int id = 0; id < vocabSize; id++) {
      logits.set(3 * vocabSize + id, Float.NEGATIVE_INFINITY);
      logits.set(4 * vocabSize + id, id == input.targets[4] ? -300 : Float.NEGATIVE_INFINITY);
    }
    return input.expect(
        test, Sampling.NAN, Sampling.INFINITE, Sampling.NAN, Sampling.NO_FINITE, 0, input.loss(5));
  }

  /** Rows whose target has logit −∞, and with the largest possible logits only. */
  static KernelCase<CrossEntropy.Arguments> ofExtremes(int vocabSize, long seed) {
    KernelCase<CrossEntropy.Arguments> test =
        new KernelCase<>("cross-entropy of extremes, vocabulary %d".formatted(vocabSize), seed);
    Rows input = Rows.of(test, 2, vocabSize);
    input.logits.set(input.targets[0], Float.NEGATIVE_INFINITY);
    for (int id = 0; id < vocabSize; id++) {
      input.logits.set(vocabSize + id, 3e38f);
    }
    return input.expect(test, CrossEntropy.IMPOSSIBLE, Math.log(vocabSize));
  }
}
