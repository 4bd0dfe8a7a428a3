package gpt.kernels;

import gpt.kernels.runtime.Unused;
import java.util.Locale;
import java.util.stream.IntStream;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The sources of a projection's x, each with the x that it must compute in double precision. */
enum SourceCases {
  PLAIN,
  NORMED,
  MERGED;

  private static final int HEADS = 3;

  /** More than {@link Source#MERGED_KEYS}: rows on both sides of it. */
  private static final int CONTEXT = Source.MERGED_KEYS + 70;

  /**
   * A source, and what it computes.
   *
   * @param x (rows, k)
   */
  record Made(Source source, double[] x) {}

  /**
   * Makes a source.
   *
   * @param blocks norms in the array of weights
   * @param block the one that is used
   * @param gathered whether the norm is lm_head's, for rows in any order
   */
  Made make(KernelCase<?> test, int rows, int blocks, int block, int k, boolean gathered) {
    Unused unused = test.unused();
    return switch (this) {
      case PLAIN -> {
        FloatArray x = test.floats(rows * k, 1);
        yield new Made(
            Source.plain(x, unused), IntStream.range(0, rows * k).mapToDouble(x::get).toArray());
      }
      case NORMED -> normed(test, rows, blocks, block, k, gathered, unused);
      case MERGED -> merged(test, rows, k);
    };
  }

  private static Made normed(
      KernelCase<?> test, int rows, int blocks, int block, int k, boolean gathered, Unused unused) {
    float epsilon = 1e-5f;
    FloatArray x = test.floats(rows * k, 3);
    FloatArray weights = test.floats(blocks * 2 * k, 1);
    int[] from = IntStream.range(0, rows).map(r -> gathered ? rows - 1 - r : r).toArray();
    double[] y = new double[rows * k];
    for (int r = 0; r < rows; r++) {
      int at = from[r] * k;
      double mean = IntStream.range(0, k).mapToDouble(i -> x.get(at + i)).sum() / k;
      double variance =
          IntStream.range(0, k).mapToDouble(i -> Math.pow(x.get(at + i) - mean, 2)).sum() / k;
      for (int i = 0; i < k; i++) {
        double normed = (x.get(at + i) - mean) / Math.sqrt(variance + epsilon);
        y[r * k + i] = normed * weights.get(block * 2 * k + i) + weights.get(block * 2 * k + k + i);
      }
    }
    return new Made(
        gathered
            ? Source.normed(x, test.ints(from), weights, epsilon)
            : Source.normed(x, weights, epsilon, unused),
        y);
  }

  /** With NaN wherever the kernel must not read: unused chunks, and merged rows of x. */
  private static Made merged(KernelCase<?> test, int rows, int k) {
    int headSize = k / HEADS;
    int chunks = Math.ceilDiv(CONTEXT, SplitAttention.CHUNK);
    int size = headSize + 2;
    FloatArray x = test.floats(rows * k, 1);
    FloatArray partial = test.floats(rows * HEADS * chunks * size, 1);
    int[] positions = new int[rows];
    double[] y = new double[rows * k];
    for (int r = 0; r < rows; r++) {
      positions[r] =
          switch (r % 4) {
            case 0 -> Source.MERGED_KEYS - 1;
            case 1 -> CONTEXT - 1;
            case 2 -> Source.MERGED_KEYS;
            default -> test.random().nextInt(Source.MERGED_KEYS);
          };
      int used = positions[r] / SplitAttention.CHUNK + 1;
      for (int i = 0; i < k; i++) {
        if (positions[r] >= Source.MERGED_KEYS) {
          y[r * k + i] = x.get(r * k + i);
          continue;
        }
        x.set(r * k + i, Float.NaN);
        double sum = 0;
        double channel = 0;
        for (int c = 0; c < chunks; c++) {
          int at = ((r * HEADS + i / headSize) * chunks + c) * size;
          if (i % headSize == 0) {
            float total = 1 + test.random().nextFloat();
            partial.set(at + headSize + 1, c < used ? total : Float.NaN);
          }
          if (c < used) {
            double weight = Math.exp(partial.get(at + headSize));
            sum += weight * partial.get(at + headSize + 1);
            channel += weight * partial.get(at + i % headSize);
          }
        }
        y[r * k + i] = channel / sum;
      }
    }
    IntArray at = test.ints(positions);
    return new Made(new Source(Source.Kind.MERGED, x, partial, at, 0, HEADS, CONTEXT), y);
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
