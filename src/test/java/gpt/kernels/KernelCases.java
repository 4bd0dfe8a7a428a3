package gpt.kernels;

import gpt.kernels.KernelCase.Tolerance;
import gpt.kernels.runtime.Copy;
import gpt.kernels.runtime.Feed;
import gpt.kernels.runtime.KvCache;
import gpt.kernels.runtime.Matrix;
import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Sampling;
import java.util.Arrays;
import java.util.stream.IntStream;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The cases of the operations other than attention and sampling: inputs, and the formula in double
 * precision.
 */
public final class KernelCases {
  private static final String[] DTYPES = {"f32", "f16", "i8"};

  /** Number of blocks whose weights are concatenated. */
  static final int BLOCKS = 3;

  /** The block that a case uses. */
  static final int BLOCK = 1;

  private KernelCases() {}

  // Products.

  static KernelCase<LmHead.Arguments> lmHead(int dtype, int rows, int n, int k, long seed) {
    return lmHead(SourceCases.PLAIN, dtype, rows, n, k, seed);
  }

  static KernelCase<LmHead.Arguments> lmHead(
      SourceCases sources, int dtype, int rows, int n, int k, long seed) {
    KernelCase<LmHead.Arguments> test =
        new KernelCase<>("lm_head " + sources + " " + shape(dtype, rows, n, k), seed);
    int maxRows = rows + 2;
    IntArray pass = test.pass(rows, rows, 1, 0);
    SourceCases.Made x = sources.make(test, maxRows, 1, 0, k, true);
    Matrix w = test.matrix(dtype, 1, n, k);
    FloatArray y = test.output(maxRows * n);
    double[] expected = KernelCase.all(maxRows * n, Double.NaN);
    for (int r = 0; r < rows; r++) {
      for (int o = 0; o < n; o++) {
        expected[r * n + o] = product(w, o, x, r);
      }
    }
    return projected(test, w, rows)
        .expect(y, expected)
        .arguments(new LmHead.Arguments(pass, x.source(), w, y, maxRows, test.unused()));
  }

  static KernelCase<ResidualProjection.Arguments> residual(
      ResidualProjection.Branch branch, int dtype, int rows, int n, int k, long seed) {
    return residual(SourceCases.PLAIN, branch, dtype, rows, n, k, seed);
  }

  static KernelCase<ResidualProjection.Arguments> residual(
      SourceCases sources,
      ResidualProjection.Branch branch,
      int dtype,
      int rows,
      int n,
      int k,
      long seed) {
    KernelCase<ResidualProjection.Arguments> test =
        new KernelCase<>(
            "residual " + branch + " " + sources + " " + shape(dtype, rows, n, k), seed);
    int maxRows = rows + 2;
    IntArray pass = test.pass(rows, 1, 1, BLOCK);
    pass.set(branch == ResidualProjection.Branch.MLP ? Pass.BLOCK : Pass.MLP_BLOCK, 0);
    SourceCases.Made y = sources.make(test, maxRows, BLOCKS, BLOCK, k, false);
    Matrix w = test.matrix(dtype, BLOCKS, n, k);
    FloatArray bias = test.floats(BLOCKS * n, 1);
    FloatArray x = test.inOut(maxRows * n);
    double[] expected = KernelCase.all(maxRows * n, Double.NaN);
    for (int r = 0; r < rows; r++) {
      for (int o = 0; o < n; o++) {
        int row = BLOCK * n + o;
        expected[r * n + o] = x.get(r * n + o) + product(w, row, y, r) + bias.get(row);
      }
    }
    return projected(test, w, rows)
        .expectInOut(x, expected)
        .arguments(
            new ResidualProjection.Arguments(
                pass, branch, y.source(), w, bias, x, maxRows, test.unused()));
  }

  static KernelCase<GeluProjection.Arguments> gelu(
      int dtype, int rows, int n, int k, int form, long seed) {
    return gelu(SourceCases.PLAIN, dtype, rows, n, k, form, seed);
  }

  static KernelCase<GeluProjection.Arguments> gelu(
      SourceCases sources, int dtype, int rows, int n, int k, int form, long seed) {
    String name = "gelu " + (form == Gelu.TANH ? "tanh " : "exact ") + sources + " ";
    KernelCase<GeluProjection.Arguments> test =
        new KernelCase<>(name + shape(dtype, rows, n, k), seed);
    int maxRows = rows + 2;
    IntArray pass = test.pass(rows, 1, 1, BLOCK);
    SourceCases.Made x = sources.make(test, maxRows, BLOCKS, BLOCK, k, false);
    Matrix w = test.matrix(dtype, BLOCKS, n, k);
    FloatArray bias = test.floats(BLOCKS * n, 1);
    FloatArray y = test.output(maxRows * n);
    double[] expected = KernelCase.all(maxRows * n, Double.NaN);
    for (int r = 0; r < rows; r++) {
      for (int o = 0; o < n; o++) {
        int row = BLOCK * n + o;
        expected[r * n + o] = activation(form, product(w, row, x, r) + bias.get(row));
      }
    }
    int[] after = pass.toHeapArray();
    after[Pass.BLOCK] = BLOCK + 1;
    return projected(test, w, rows)
        .expect(y, expected)
        .expect(pass, after)
        .arguments(
            new GeluProjection.Arguments(
                pass, x.source(), w, bias, y, form, maxRows, test.unused()));
  }

  /** The rows are of one sequence if {@code prompt}, else of one sequence each. */
  static KernelCase<QkvProjection.Arguments> qkv(
      int dtype, int rows, int heads, int headSize, boolean prompt, long seed) {
    return qkv(SourceCases.PLAIN, dtype, Matrix.F32, rows, heads, headSize, prompt, seed);
  }

  /**
   * The same with another source, or keys and values in another precision.
   *
   * @param kv {@link Matrix#F32} or {@link Matrix#F16}
   */
  static KernelCase<QkvProjection.Arguments> qkv(
      SourceCases sources,
      int dtype,
      int kv,
      int rows,
      int heads,
      int headSize,
      boolean prompt,
      long seed) {
    int c = heads * headSize;
    KernelCase<QkvProjection.Arguments> test =
        new KernelCase<>(
            "qkv to %s %s %s heads %d"
                .formatted(AttentionCases.kv(kv), sources, shape(dtype, rows, 3 * c, c), heads),
            seed);
    int maxRows = rows + 2;
    AttentionCases.Context context = new AttentionCases.Context(rows, prompt, test.random());
    IntArray pass = test.pass(rows, 1, 1, BLOCK);
    IntArray positions = test.ints(context.positions);
    IntArray slots = test.ints(context.slots);
    pass.set(Pass.MLP_BLOCK, 0);
    SourceCases.Made x = sources.make(test, maxRows, BLOCKS, BLOCK, c, false);
    Matrix w = test.matrix(dtype, BLOCKS, 3 * c, c);
    FloatArray bias = test.floats(BLOCKS * 3 * c, 1);
    FloatArray q = test.output(maxRows * c);
    KvCases.Shape shape =
        new KvCases.Shape(kv, BLOCKS, context.slotCount, heads, headSize, context.length);
    KvCache cache = KvCases.output(test, shape);
    double[] expectedQ = KernelCase.all(maxRows * c, Double.NaN);
    double[] expectedKeys = KernelCase.all(shape.elements(), Double.NaN);
    double[] expectedValues = KernelCase.all(shape.elements(), Double.NaN);
    for (int r = 0; r < rows; r++) {
      for (int o = 0; o < 3 * c; o++) {
        int row = BLOCK * 3 * c + o;
        double y = product(w, row, x, r) + bias.get(row);
        int h = o % c / headSize;
        int i = o % headSize;
        int head = (BLOCK * context.slotCount + context.slots[r]) * heads + h;
        int t = context.positions[r];
        switch (o / c) {
          case 0 -> expectedQ[r * c + o] = y;
          case 1 -> expectedKeys[shape.key(head, i, t)] = y;
          default -> expectedValues[shape.value(head, i, t)] = y;
        }
      }
    }
    int[] after = pass.toHeapArray();
    after[Pass.MLP_BLOCK] = BLOCK;
    return projected(test, w, rows)
        .expect(pass, after)
        .expect(q, expectedQ)
        .expect(KvCases.keys(cache), expectedKeys)
        .expect(KvCases.values(cache), expectedValues)
        .arguments(
            new QkvProjection.Arguments(
                pass, positions, slots, x.source(), w, bias, q, cache, maxRows));
  }

  private static <A> KernelCase<A> projected(KernelCase<A> test, Matrix w, int rows) {
    long element = w.dtype() == Matrix.F32 ? 4 : w.dtype() == Matrix.F16 ? 2 : 1;
    long size = (long) w.n() * w.k();
    return test.cost(element * size + 4L * rows * (w.n() + w.k()), 2 * size * rows);
  }

  private static String shape(int dtype, int rows, int n, int k) {
    return DTYPES[dtype] + " " + rows + " x " + n + " x " + k;
  }

  private static double product(Matrix w, int row, SourceCases.Made x, int r) {
    double sum = 0;
    for (int i = 0; i < w.k(); i++) {
      sum += KernelCase.weight(w, row, i) * x.x()[r * w.k() + i];
    }
    return sum;
  }

  private static double activation(int form, double x) {
    if (form == Gelu.TANH) {
      return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    }
    return 0.5 * x * (1 + erf(x / Math.sqrt(2)));
  }

  /** 2/√π · e^(−x²) · Σ 2ⁿx²ⁿ⁺¹/(2n+1)!! (Abramowitz and Stegun 7.1.6). */
  private static double erf(double x) {
    if (Math.abs(x) >= 6) {
      return Math.signum(x);
    }
    double term = x;
    double sum = x;
    for (int n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= 2 * x * x / (2 * n + 1);
      sum += term;
    }
    return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
  }

  // Norms and embeddings.

  static KernelCase<LayerNorm.Arguments> layerNorm(
      LayerNorm.Place place, int rows, int c, long seed) {
    KernelCase<LayerNorm.Arguments> test =
        new KernelCase<>("layernorm " + place + " " + rows + " x " + c, seed);
    int maxRows = rows + 2;
    boolean last = place == LayerNorm.Place.FINAL;
    IntArray pass = test.pass(last ? rows + 1 : rows, rows, 1, BLOCK);
    pass.set(Pass.MLP_BLOCK, place == LayerNorm.Place.MLP ? BLOCK : 0);
    FloatArray x = test.floats(maxRows * c, 3);
    // A mean far from 0, with which Σx² in one pass fails; not for a few channels, whose variance
    // may be
    // too small for single precision.
    for (int i = 0; i < x.getSize() && c > 16; i++) {
      x.set(i, x.get(i) + 50);
    }
    int[] from = test.random().ints(maxRows, 0, maxRows).toArray();
    IntArray rowOf = test.ints(from);
    FloatArray weights = test.floats((last ? 1 : BLOCKS) * 2 * c, 1);
    FloatArray y = test.output(maxRows * c);
    double epsilon = 1e-5;
    double[] expected = KernelCase.all(maxRows * c, Double.NaN);
    int first = last ? 0 : BLOCK * 2 * c;
    for (int r = 0; r < rows; r++) {
      int row = (last ? from[r] : r) * c;
      double mean = IntStream.range(0, c).mapToDouble(i -> x.get(row + i)).sum() / c;
      double variance =
          IntStream.range(0, c).mapToDouble(i -> Math.pow(x.get(row + i) - mean, 2)).sum() / c;
      for (int i = 0; i < c; i++) {
        double normed = (x.get(row + i) - mean) / Math.sqrt(variance + epsilon);
        expected[r * c + i] = normed * weights.get(first + i) + weights.get(first + c + i);
      }
    }
    return test.gridRows(rows)
        .tolerance(new Tolerance(1e-9, 1e-4)) // the mean costs digits
        .cost(16L * rows * c, 8L * rows * c)
        .expect(y, expected)
        .arguments(
            new LayerNorm.Arguments(
                pass, x, rowOf, weights, y, maxRows, c, (float) epsilon, place));
  }

  static KernelCase<Embedding.Arguments> embedding(
      int dtype, int rows, int vocabSize, int c, long seed) {
    KernelCase<Embedding.Arguments> test =
        new KernelCase<>("embedding " + shape(dtype, rows, vocabSize, c), seed);
    int maxRows = rows + 2;
    int contextLength = rows + 5;
    IntArray pass = test.pass(rows, 1, 1, 7);
    int[] ids = test.random().ints(maxRows, 0, vocabSize).toArray();
    int[] at = test.random().ints(maxRows, 0, contextLength).toArray();
    IntArray tokens = test.ints(ids);
    IntArray positions = test.ints(at);
    Matrix wte = test.matrix(dtype, 1, vocabSize, c);
    FloatArray wpe = test.floats(contextLength * c, 1);
    FloatArray x = test.output(maxRows * c);
    double[] expected = KernelCase.all(maxRows * c, Double.NaN);
    for (int r = 0; r < rows; r++) {
      for (int i = 0; i < c; i++) {
        expected[r * c + i] = KernelCase.weight(wte, ids[r], i) + wpe.get(at[r] * c + i);
      }
    }
    int[] after = pass.toHeapArray();
    after[Pass.BLOCK] = 0;
    return test.cost(12L * rows * c, (long) rows * c)
        .expect(x, expected)
        .expect(pass, after)
        .arguments(new Embedding.Arguments(pass, tokens, positions, wte, wpe, x, maxRows, c));
  }

  // Copy.

  /** y = x for n floats. */
  static KernelCase<Copy.Arguments> copy(int n, long seed) {
    KernelCase<Copy.Arguments> test = new KernelCase<>("copy %d".formatted(n), seed);
    FloatArray x = test.floats(n, 1);
    FloatArray y = test.output(n);
    double[] expected = new double[n];
    for (int i = 0; i < n; i++) {
      expected[i] = x.get(i);
    }
    return test.cost(8L * n, 0).expect(y, expected).arguments(new Copy.Arguments(x, y, n));
  }

  // The rows of the next step.

  public static KernelCase<Feed.Arguments> feed(int rows, int logitRows, int maxRows, long seed) {
    KernelCase<Feed.Arguments> test =
        new KernelCase<>("feed rows %d, logit rows %d".formatted(rows, logitRows), seed);
    int maxLogitRows = logitRows + 2;
    IntArray pass = test.pass(9, 9, 9, 4);
    int from = Feed.HEADER;
    int logits = from + 3 * maxRows;
    int[] request = test.random().ints(logits + 3 * maxLogitRows, 0, 1000).toArray();
    int drawn = logitRows / 2;
    request[0] = rows;
    request[1] = logitRows;
    request[2] = drawn;
    int[] parameters = test.random().ints((logitRows + 1) * Sampling.PARAMETERS).toArray();
    int[] steps = parameters.clone();
    for (int r = 0; r < logitRows; r++) {
      request[logits + maxLogitRows + r] = logitRows - r; // slots, each of them once
      if (r < drawn) {
        steps[(logitRows - r) * Sampling.PARAMETERS + Sampling.STEP] =
            request[logits + 2 * maxLogitRows + r];
      }
    }
    IntArray tokens = test.intOutput(maxRows);
    IntArray positions = test.intOutput(maxRows);
    IntArray slots = test.intOutput(maxRows);
    IntArray rowOf = test.intOutput(maxLogitRows);
    IntArray slotOf = test.intOutput(maxLogitRows);
    IntArray state = test.intInOut(parameters);
    int[] after = pass.toHeapArray();
    after[Pass.ROWS] = rows;
    after[Pass.LOGIT_ROWS] = logitRows;
    after[Pass.DRAWN_ROWS] = drawn;
    int slotsFrom = logits + maxLogitRows;
    return test.gridRows(rows)
        .expect(pass, after)
        .expect(tokens, Arrays.copyOfRange(request, from, from + rows))
        .expect(positions, Arrays.copyOfRange(request, from + maxRows, from + maxRows + rows))
        .expect(slots, Arrays.copyOfRange(request, from + 2 * maxRows, from + 2 * maxRows + rows))
        .expect(rowOf, Arrays.copyOfRange(request, logits, logits + logitRows))
        .expect(slotOf, Arrays.copyOfRange(request, slotsFrom, slotsFrom + logitRows))
        .expect(state, steps)
        .arguments(
            new Feed.Arguments(
                test.ints(request),
                pass,
                tokens,
                positions,
                slots,
                rowOf,
                slotOf,
                state,
                maxRows,
                maxLogitRows));
  }
}
