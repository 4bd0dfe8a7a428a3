package gpt.kernels;

import gpt.kernels.runtime.KvCache;
import gpt.kernels.runtime.Matrix;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The cases of attention, whole, in chunks and merged. */
final class AttentionCases {
  private AttentionCases() {}

  /** Positions and slots of the rows of a case. */
  static final class Context {
    final int slotCount;
    final int length;
    final int[] positions;
    final int[] slots;

    Context(int rows, boolean prompt, Random random) {
      this(rows, prompt, random, rows + 4);
    }

    Context(int rows, boolean prompt, Random random, int length) {
      this.length = length;
      slotCount = prompt ? 2 : rows + 1;
      int past = length == rows ? 0 : random.nextInt(length - rows);
      positions =
          IntStream.range(0, rows + 2)
              .map(r -> prompt ? Math.min(past + r, length - 1) : random.nextInt(length))
              .toArray();
      if (!prompt) {
        positions[rows - 1] = length - 1; // one context is full
      }
      int[] order = IntStream.range(0, rows + 2).map(r -> Math.min(r, slotCount - 1)).toArray();
      // Rows need not be in the order of their slots.
      for (int i = rows - 1; i > 0 && !prompt; i--) {
        int j = random.nextInt(i + 1);
        int swap = order[i];
        order[i] = order[j];
        order[j] = swap;
      }
      slots = prompt ? IntStream.range(0, rows + 2).map(r -> 1).toArray() : order;
    }
  }

  static KernelCase<Attention.Arguments> attention(
      int rows, int heads, int headSize, int length, boolean prompt, long seed) {
    return attention(Matrix.F32, rows, heads, headSize, length, prompt, seed);
  }

  /**
   * Attention to keys and values in a precision.
   *
   * @param kv {@link Matrix#F32} or {@link Matrix#F16}
   */
  static KernelCase<Attention.Arguments> attention(
      int kv, int rows, int heads, int headSize, int length, boolean prompt, long seed) {
    KernelCase<Attention.Arguments> test =
        new KernelCase<>(
            "%s %s rows %d, %d heads of %d, context %d"
                .formatted(prompt ? "prefill" : "decode", kv(kv), rows, heads, headSize, length),
            seed);
    Context context = new Context(rows, prompt, test.random(), length);
    Attention.Arguments arguments = attention(test, context, kv, rows, heads, headSize);
    return test.expect(arguments.y(), attend(arguments, context, rows)).arguments(arguments);
  }

  private static Attention.Arguments attention(
      KernelCase<?> test, Context context, int kv, int rows, int heads, int headSize) {
    int maxRows = rows + 2;
    int c = heads * headSize;
    IntArray pass = test.pass(rows, 1, 1, KernelCases.BLOCK);
    long seen = Arrays.stream(context.positions).limit(rows).mapToLong(t -> t + 1).sum();
    test.cost((kv == Matrix.F16 ? 4L : 8L) * seen * c, 4L * seen * c);
    return new Attention.Arguments(
        pass,
        test.ints(context.positions),
        test.ints(context.slots),
        test.floats(maxRows * c, 2),
        KvCases.input(
            test,
            new KvCases.Shape(
                kv, KernelCases.BLOCKS, context.slotCount, heads, headSize, context.length)),
        test.output(maxRows * c),
        maxRows,
        headSize);
  }

  private static double[] attend(Attention.Arguments a, Context context, int rows) {
    int headSize = a.headSize();
    int c = a.heads() * headSize;
    double[] y = KernelCase.all(a.maxRows() * c, Double.NaN);
    for (int r = 0; r < rows; r++) {
      for (int h = 0; h < a.heads(); h++) {
        double[] scores = scores(a, context, r, h, 0, context.positions[r] + 1);
        double top = Arrays.stream(scores).max().orElseThrow();
        double sum = Arrays.stream(scores).map(s -> Math.exp(s - top)).sum();
        for (int i = 0; i < headSize; i++) {
          double weighted = 0;
          for (int t = 0; t < scores.length; t++) {
            weighted += Math.exp(scores[t] - top) * value(a, context, r, h, t, i);
          }
          y[r * c + h * headSize + i] = weighted / sum;
        }
      }
    }
    return y;
  }

  private static double[] scores(
      Attention.Arguments a, Context context, int r, int h, int from, int to) {
    int head = head(a, context, r, h);
    double[] scores = new double[to - from];
    for (int t = from; t < to; t++) {
      for (int i = 0; i < a.headSize(); i++) {
        double q = a.q().get((r * a.heads() + h) * a.headSize() + i);
        int key = shape(a).key(head, i, t);
        scores[t - from] += q * KernelCase.element(KvCases.keys(a.cache()), key);
      }
      scores[t - from] /= Math.sqrt(a.headSize());
    }
    return scores;
  }

  private static double value(Attention.Arguments a, Context context, int r, int h, int t, int i) {
    int value = shape(a).value(head(a, context, r, h), i, t);
    return KernelCase.element(KvCases.values(a.cache()), value);
  }

  private static KvCases.Shape shape(Attention.Arguments a) {
    KvCache cache = a.cache();
    return new KvCases.Shape(
        cache.dtype(),
        KernelCases.BLOCKS,
        cache.slotCount(),
        cache.heads(),
        a.headSize(),
        cache.contextLength());
  }

  static String kv(int dtype) {
    return dtype == Matrix.F16 ? "f16" : "f32";
  }

  private static int head(Attention.Arguments a, Context context, int r, int h) {
    return (KernelCases.BLOCK * context.slotCount + context.slots[r]) * a.heads() + h;
  }

  static KernelCase<SplitAttention.Arguments> splitAttention(
      int rows, int heads, int headSize, int length, long seed) {
    return splitAttention(Matrix.F32, rows, heads, headSize, length, seed);
  }

  static KernelCase<SplitAttention.Arguments> splitAttention(
      int kv, int rows, int heads, int headSize, int length, long seed) {
    KernelCase<SplitAttention.Arguments> test =
        new KernelCase<>(
            "split %s rows %d, %d heads of %d, context %d"
                .formatted(kv(kv), rows, heads, headSize, length),
            seed);
    Context context = new Context(rows, false, test.random(), length);
    Attention.Arguments attention = attention(test, context, kv, rows, heads, headSize);
    int size =
        SplitAttention.Arguments.partialSize(attention.maxRows(), heads, headSize, context.length);
    FloatArray partial = test.output(size);
    return test.expect(partial, partials(attention, context, rows, size))
        .arguments(new SplitAttention.Arguments(attention, partial, context.length));
  }

  private static double[] partials(Attention.Arguments a, Context context, int rows, int size) {
    int chunks = Math.ceilDiv(context.length, SplitAttention.CHUNK);
    double[] expected = KernelCase.all(size, Double.NaN);
    for (int r = 0; r < rows; r++) {
      for (int h = 0; h < a.heads(); h++) {
        int seen = context.positions[r] + 1;
        for (int first = 0; first < seen; first += SplitAttention.CHUNK) {
          double[] scores =
              scores(a, context, r, h, first, Math.min(seen, first + SplitAttention.CHUNK));
          double top = Arrays.stream(scores).max().orElseThrow();
          int chunk = (r * a.heads() + h) * chunks + first / SplitAttention.CHUNK;
          int at = chunk * (a.headSize() + 2);
          Arrays.fill(expected, at, at + a.headSize() + 2, 0);
          for (int t = 0; t < scores.length; t++) {
            double weight = Math.exp(scores[t] - top);
            expected[at + a.headSize() + 1] += weight;
            for (int i = 0; i < a.headSize(); i++) {
              expected[at + i] += weight * value(a, context, r, h, first + t, i);
            }
          }
          expected[at + a.headSize()] = top;
        }
      }
    }
    return expected;
  }

  static KernelCase<SplitAttention.Arguments> attentionMerge(
      int rows, int heads, int headSize, int length, long seed) {
    KernelCase<SplitAttention.Arguments> test =
        new KernelCase<>(
            "merge rows %d, %d heads of %d, context %d".formatted(rows, heads, headSize, length),
            seed);
    Context context = new Context(rows, false, test.random(), length);
    Attention.Arguments attention = attention(test, context, Matrix.F32, rows, heads, headSize);
    int size =
        SplitAttention.Arguments.partialSize(attention.maxRows(), heads, headSize, context.length);
    FloatArray partial = test.floats(size, 0);
    double[] partials = partials(attention, context, rows, size);
    for (int i = 0; i < size; i++) {
      partial.set(i, (float) partials[i]); // NaN for chunks that must not be read
    }
    double[] expected = attend(attention, context, rows);
    int c = heads * headSize;
    for (int r = 0; r < rows; r++) {
      if (context.positions[r] < Source.MERGED_KEYS) { // the projection behind it merges them
        Arrays.fill(expected, r * c, (r + 1) * c, Double.NaN);
      }
    }
    return test.cost(4L * size, 4L * size)
        .expect(attention.y(), expected)
        .arguments(new SplitAttention.Arguments(attention, partial, context.length));
  }
}
