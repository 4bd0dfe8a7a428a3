package gpt.kernels;

import java.util.Arrays;
import java.util.List;
import java.util.function.LongFunction;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The exercises of {@code src/exercises}: their arguments, and cases in double precision. */
public final class Exercises {
  private static final int CHUNK = 64;

  /** Of exercises 1 to 5: y = w · x. */
  public record Product(FloatArray x, FloatArray w, FloatArray y, int n, int k) {}

  /** Of exercise 6, LayerNorm. */
  public record Norm(
      FloatArray x, FloatArray weights, FloatArray y, int rows, int c, float epsilon) {}

  /** Of exercise 7, the largest logit. */
  public record Choice(FloatArray logits, IntArray chosen, int v) {}

  /** Of exercise 8, y = x · wᵀ. */
  public record Matrices(FloatArray x, FloatArray w, FloatArray y, int rows, int n, int k) {}

  /** Of exercise 9, attention of one token. */
  public record Heads(
      FloatArray q,
      FloatArray keys,
      FloatArray values,
      FloatArray y,
      int heads,
      int headSize,
      int t) {}

  /** Of exercise 10, one chunk of attention. */
  public record Chunks(
      FloatArray q,
      FloatArray keys,
      FloatArray values,
      FloatArray partial,
      int heads,
      int headSize,
      int t) {
    /** Chunks of a head. */
    public int chunks() {
      return Math.ceilDiv(t, CHUNK);
    }
  }

  /**
   * An exercise.
   *
   * @param reference the kernels' version with the same idea
   * @param cases what it is checked with on the emulator; the last one is also counted
   * @param large what it is checked and timed with on a device
   */
  record Exercise(
      int number,
      String reference,
      List<LongFunction<KernelCase<?>>> cases,
      LongFunction<KernelCase<?>> large) {
    String type() {
      return "Exercise%02d".formatted(number);
    }

    /** Whether a device needs shuffles for it. */
    boolean shuffles() {
      return number == 5;
    }
  }

  static final List<Exercise> ALL =
      List.of(
          product(1, "LmHead.naive"),
          product(2, "Projection.rowPerThread"),
          product(3, "WarpProjection.rowPerWarpLocal"),
          product(4, "LayerNorm.rowPerGroup"),
          product(5, "WarpProjection.rowPerWarp"),
          new Exercise(
              6,
              "LayerNorm.rowPerGroup",
              List.of(s -> norm(1, 1, s), s -> norm(3, 131, s), s -> norm(2, 384, s)),
              s -> norm(256, 768, s)),
          new Exercise(
              7,
              "SamplingChain.rowPerGroup",
              List.of(
                  s -> choice(1, s), s -> choice(37, s), s -> choice(131, s), s -> choice(5003, s)),
              s -> choice(50257, s)),
          new Exercise(
              8,
              "BlockedProjection.tiled",
              List.of(
                  s -> matrices(1, 1, 1, s),
                  s -> matrices(19, 18, 21, s),
                  s -> matrices(16, 32, 48, s)),
              s -> matrices(256, 768, 768, s)),
          new Exercise(
              9,
              "Attention.headPerThread",
              List.of(s -> heads(1, 1, 1, s), s -> heads(3, 5, 67, s), s -> heads(4, 64, 96, s)),
              s -> heads(12, 64, 1024, s)),
          new Exercise(
              10,
              "SplitAttention.chunkPerGroup",
              List.of(
                  s -> chunks(1, 1, 1, s), s -> chunks(2, 5, 131, s), s -> chunks(2, 64, 192, s)),
              s -> chunks(12, 64, 1024, s)));

  private Exercises() {}

  private static Exercise product(int number, String reference) {
    return new Exercise(
        number,
        reference,
        List.of(s -> product(1, 1, s), s -> product(5, 131, s), s -> product(10, 256, s)),
        s -> product(3072, 768, s));
  }

  private static KernelCase<Product> product(int n, int k, long seed) {
    KernelCase<Product> test = new KernelCase<>("w (%d, %d)".formatted(n, k), seed);
    FloatArray x = test.floats(k, 1);
    FloatArray w = test.floats(n * k, 1);
    FloatArray y = test.output(n);
    return test.expect(y, product(x, w, 1, n, k)).arguments(new Product(x, w, y, n, k));
  }

  private static double[] product(FloatArray x, FloatArray w, int rows, int n, int k) {
    double[] y = new double[rows * n];
    for (int r = 0; r < rows; r++) {
      for (int o = 0; o < n; o++) {
        for (int i = 0; i < k; i++) {
          y[r * n + o] += (double) x.get(r * k + i) * w.get(o * k + i);
        }
      }
    }
    return y;
  }

  private static KernelCase<Matrices> matrices(int rows, int n, int k, long seed) {
    KernelCase<Matrices> test =
        new KernelCase<>("x (%d, %d), w (%d, %2$d)".formatted(rows, k, n), seed);
    FloatArray x = test.floats(rows * k, 1);
    FloatArray w = test.floats(n * k, 1);
    FloatArray y = test.output(rows * n);
    return test.expect(y, product(x, w, rows, n, k)).arguments(new Matrices(x, w, y, rows, n, k));
  }

  private static KernelCase<Norm> norm(int rows, int c, long seed) {
    KernelCase<Norm> test = new KernelCase<>("x (%d, %d)".formatted(rows, c), seed);
    float epsilon = 1e-5f;
    FloatArray x = test.floats(rows * c, 3);
    FloatArray weights = test.floats(2 * c, 1);
    FloatArray y = test.output(rows * c);
    double[] expected = new double[rows * c];
    for (int r = 0; r < rows; r++) {
      int from = r * c;
      double mean = IntStream.range(0, c).mapToDouble(i -> x.get(from + i)).sum() / c;
      double variance =
          IntStream.range(0, c).mapToDouble(i -> Math.pow(x.get(from + i) - mean, 2)).sum() / c;
      for (int i = 0; i < c; i++) {
        double normed = (x.get(from + i) - mean) / Math.sqrt(variance + epsilon);
        expected[from + i] = normed * weights.get(i) + weights.get(c + i);
      }
    }
    return test.expect(y, expected).arguments(new Norm(x, weights, y, rows, c, epsilon));
  }

  /** The largest logit more than once, of many logits the second time in a lower lane. */
  private static KernelCase<Choice> choice(int v, long seed) {
    KernelCase<Choice> test = new KernelCase<>("logits (%d)".formatted(v), seed);
    FloatArray logits = test.floats(v, 1);
    RandomGenerator random = test.random();
    int second = v < 130 ? v - 1 : 128 + random.nextInt(v - 129);
    int first = v < 130 ? v / 2 : second - 127;
    logits.set(first, 9);
    logits.set(second, 9);
    if (v >= 130) {
      logits.set(first + 128, 9); // once more in the first one's lane
    }
    IntArray chosen = test.intOutput(1);
    return test.expect(chosen, first).arguments(new Choice(logits, chosen, v));
  }

  private static KernelCase<Heads> heads(int heads, int headSize, int t, long seed) {
    KernelCase<Heads> test = new KernelCase<>(attention(heads, headSize, t), seed);
    FloatArray q = test.floats(heads * headSize, 2);
    FloatArray keys = test.floats(heads * headSize * t, 1);
    FloatArray values = test.floats(heads * t * headSize, 1);
    FloatArray y = test.output(heads * headSize);
    double[] expected = new double[heads * headSize];
    for (int h = 0; h < heads; h++) {
      double[] chunk = chunk(q, keys, values, headSize, t, h, 0, t);
      for (int i = 0; i < headSize; i++) {
        expected[h * headSize + i] = chunk[i] / chunk[headSize + 1];
      }
    }
    return test.expect(y, expected).arguments(new Heads(q, keys, values, y, heads, headSize, t));
  }

  private static KernelCase<Chunks> chunks(int heads, int headSize, int t, long seed) {
    KernelCase<Chunks> test = new KernelCase<>(attention(heads, headSize, t), seed);
    FloatArray q = test.floats(heads * headSize, 2);
    FloatArray keys = test.floats(heads * headSize * t, 1);
    FloatArray values = test.floats(heads * t * headSize, 1);
    double[] expected = new double[0];
    for (int h = 0; h < heads; h++) {
      for (int first = 0; first < t; first += CHUNK) {
        int to = Math.min(t, first + CHUNK);
        double[] chunk = chunk(q, keys, values, headSize, t, h, first, to);
        int at = expected.length;
        expected = Arrays.copyOf(expected, at + chunk.length);
        System.arraycopy(chunk, 0, expected, at, chunk.length);
      }
    }
    FloatArray partial = test.output(expected.length);
    return test.expect(partial, expected)
        .arguments(new Chunks(q, keys, values, partial, heads, headSize, t));
  }

  private static String attention(int heads, int headSize, int t) {
    return "%d heads of %d, %d keys".formatted(heads, headSize, t);
  }

  /** Σ e^(score − max) · values for the keys of a head, then max, then Σ e^(score − max). */
  private static double[] chunk(
      FloatArray q,
      FloatArray keys,
      FloatArray values,
      int headSize,
      int t,
      int h,
      int from,
      int to) {
    double[] scores = new double[t];
    for (int j = from; j < to; j++) {
      for (int i = 0; i < headSize; i++) {
        int channel = h * headSize + i;
        scores[j] += (double) q.get(channel) * keys.get(channel * t + j) / Math.sqrt(headSize);
      }
    }
    double[] chunk = new double[headSize + 2];
    double max = Arrays.stream(scores, from, to).max().orElseThrow();
    chunk[headSize] = max;
    for (int j = from; j < to; j++) {
      double weight = Math.exp(scores[j] - max);
      chunk[headSize + 1] += weight;
      for (int i = 0; i < headSize; i++) {
        chunk[i] += weight * values.get((h * t + j) * headSize + i);
      }
    }
    return chunk;
  }
}
