package gpt.backend.cpu;

import gpt.backend.cpu.kernels.CpuKernels;
import gpt.backend.reference.ReferenceEngine;
import gpt.benchmarks.Operations;
import gpt.benchmarks.Shape;
import gpt.benchmarks.Spec;
import gpt.benchmarks.Work;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.Tensor;
import gpt.sampling.CrossEntropy;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * One operation of the CPU backend at one shape: seeded inputs, the timed call, and a check of the
 * result against the formula in double precision.
 */
abstract class CpuCase implements AutoCloseable {
  /** Products of up to this many FMAs are checked completely, larger ones in some columns. */
  private static final long MAX_CHECKED_FMAS = 200_000_000;

  private static final float EPSILON = 1e-5f;

  final Shape shape;
  final GptConfig config;
  final int rows;
  final CpuKernels kernels;
  final Workers workers;
  final NativeMemory memory = new NativeMemory();
  final SplittableRandom random = new SplittableRandom(1);
  final Work work;

  private CpuCase(
      String operation,
      Shape shape,
      int rows,
      Precision precision,
      CpuKernels kernels,
      int threads) {
    this.shape = shape;
    this.rows = rows;
    this.kernels = kernels;
    config = shape.config();
    workers = new Workers(threads);
    work = Work.of(operation, shape, rows, precision);
  }

  /**
   * The case of an operation.
   *
   * @param operation one of {@link Operations#COMMON}
   * @param version {@link Spec#PLAIN} or {@link Spec#VECTOR}
   */
  static CpuCase of(
      String operation, Shape shape, int rows, Precision precision, String version, int threads) {
    CpuKernels kernels = CpuVersions.kernels(version);
    return switch (operation) {
      case Operations.LAYER_NORM -> new Norm(shape, rows, kernels, threads);
      case Operations.ATTENTION, Operations.PREFILL_ATTENTION ->
          new Attention(operation, shape, rows, kernels, threads);
      case Operations.CROSS_ENTROPY -> new Losses(shape, rows, kernels, threads);
      default -> new Product(operation, shape, rows, precision, kernels, threads);
    };
  }

  /** Makes one timed call. */
  abstract void run();

  /** Runs the operation and describes its error; null where the result is correct. */
  abstract String check();

  @Override
  public void close() {
    workers.close();
    memory.close();
  }

  final float[] floats(int n, double scale) {
    float[] all = new float[n];
    for (int i = 0; i < n; i++) {
      all[i] = (float) (scale * random.nextGaussian());
    }
    return all;
  }

  /** (x − mean) / √(variance + ε) · weight + bias, row by row. */
  private static final class Norm extends CpuCase {
    private final int c;
    private final float[] x;
    private final float[] weight;
    private final float[] bias;
    private final float[] out;

    Norm(Shape shape, int rows, CpuKernels kernels, int threads) {
      super(Operations.LAYER_NORM, shape, rows, Precision.F32, kernels, threads);
      c = config.nEmbd();
      x = floats(rows * c, 3);
      weight = floats(c, 1);
      bias = floats(c, 1);
      out = new float[rows * c];
    }

    @Override
    void run() {
      for (int t = 0; t < rows; t++) {
        kernels.layerNorm(x, t * c, c, weight, bias, EPSILON, out, t * c);
      }
    }

    @Override
    String check() {
      run();
      Difference difference = new Difference();
      for (int t = 0; t < rows; t++) {
        double mean = 0;
        for (int i = 0; i < c; i++) {
          mean += (double) x[t * c + i] / c;
        }
        double variance = 0;
        for (int i = 0; i < c; i++) {
          variance += Math.pow(x[t * c + i] - mean, 2) / c;
        }
        for (int i = 0; i < c; i++) {
          double normed = (x[t * c + i] - mean) / Math.sqrt(variance + EPSILON);
          difference.add(t * c + i, out[t * c + i], normed * weight[i] + bias[i]);
        }
      }
      return difference.error();
    }
  }

  /** A linear layer with its epilogue, or lm_head. */
  private static final class Product extends CpuCase {
    private final String operation;
    private final int n;
    private final int k;
    private final PackedMatrix w;
    private final CpuForward.Linear layer;
    private final MatrixProduct product;
    private final float[] x;
    private final float[] out;
    private final float[] residual;
    private final float[] before;

    Product(
        String operation,
        Shape shape,
        int rows,
        Precision precision,
        CpuKernels kernels,
        int threads) {
      super(operation, shape, rows, precision, kernels, threads);
      this.operation = operation;
      int c = config.nEmbd();
      n =
          switch (operation) {
            case Operations.QKV -> 3 * c;
            case Operations.GELU -> config.nInner();
            case Operations.LM_HEAD -> config.vocabSize();
            default -> c;
          };
      k = operation.equals(Operations.RESIDUAL) ? config.nInner() : c;
      Tensor tensor = Tensor.matrix("w", n, k, floats(n * k, 1 / Math.sqrt(k)));
      w = PackedMatrix.pack(tensor, kernels.panelWidth(), precision, memory, workers);
      layer = new CpuForward.Linear(w, floats(n, 1));
      MemorySegment[] scratch = new MemorySegment[precision == Precision.F32 ? 0 : threads];
      Arrays.setAll(scratch, i -> memory.allocate(4L * k * kernels.panelWidth()));
      product = new MatrixProduct(kernels, workers, scratch);
      x = floats(rows * k, 1);
      out = new float[rows * n];
      before = floats(rows * n, 1);
      residual = before.clone();
    }

    @Override
    void run() {
      switch (operation) {
        case Operations.QKV -> product.linear(layer, x, 0, rows, out);
        case Operations.GELU -> product.linearGelu(layer, x, 0, rows, out, config.gelu());
        case Operations.LM_HEAD -> product.logits(w, x, 0, rows, out);
        default -> product.linearResidual(layer, x, 0, rows, out, residual);
      }
    }

    @Override
    String check() {
      run();
      boolean added =
          operation.equals(Operations.RESIDUAL)
              || operation.equals(Operations.ATTENTION_PROJECTION);
      Difference difference = new Difference();
      float[] row = new float[k];
      int step = 1 + (int) ((long) rows * n * k / MAX_CHECKED_FMAS);
      for (int o = 0; o < n; o += step) {
        w.row(o, row, 0);
        for (int m = 0; m < rows; m++) {
          double sum = operation.equals(Operations.LM_HEAD) ? 0 : layer.bias()[o];
          for (int i = 0; i < k; i++) {
            sum += (double) row[i] * x[m * k + i];
          }
          int at = m * n + o;
          if (operation.equals(Operations.GELU)) {
            sum = ReferenceEngine.gelu(sum, config.gelu());
          }
          difference.add(at, added ? residual[at] : out[at], added ? before[at] + sum : sum);
        }
      }
      return difference.error();
    }
  }

  /** Attention of one query at the end of the context window (decode), or of a prompt. */
  private static final class Attention extends CpuCase {
    private final int c;
    private final int hs;
    private final int past;
    private final KvCache cache;
    private final float[] qkv; // of all positions (T, 3C)
    private final float[] heads; // (rows, C)
    private final HeadAttention attention;
    private final MatrixProduct product;

    Attention(String operation, Shape shape, int rows, CpuKernels kernels, int threads) {
      super(operation, shape, rows, Precision.F32, kernels, threads);
      c = config.nEmbd();
      hs = config.headSize();
      past = rows == 1 ? config.blockSize() - 1 : 0;
      cache = new KvCache(config, kernels.panelWidth());
      qkv = floats((past + rows) * 3 * c, 1);
      heads = new float[rows * c];
      attention = new HeadAttention(kernels, config, threads);
      product = new MatrixProduct(kernels, workers, new MemorySegment[0]);
      for (int pos = 0; pos < past + rows; pos++) {
        for (int head = 0; head < config.nHead(); head++) {
          int at = pos * 3 * c + head * hs;
          cache.put(0, head, pos, qkv, at + c, at + 2 * c);
        }
      }
    }

    @Override
    void run() {
      int tiles = Math.ceilDiv(rows, HeadAttention.MAX_QUERIES);
      product.parallelFor(
          config.nHead() * tiles,
          work.flops() / 2,
          (item, worker) -> {
            int first = item % tiles * HeadAttention.MAX_QUERIES;
            int count = Math.min(HeadAttention.MAX_QUERIES, rows - first);
            int pos = past + first;
            attention.attend(
                cache, 0, item / tiles, pos, count, qkv, pos, heads, first, worker, null, 0);
          });
    }

    @Override
    String check() {
      run();
      Difference difference = new Difference();
      for (int r = 0; r < rows; r++) {
        for (int head = 0; head < config.nHead(); head++) {
          double[] weights = weights(past + r, head);
          double sum = Arrays.stream(weights).sum();
          for (int i = 0; i < hs; i++) {
            double expected = 0;
            for (int t = 0; t < weights.length; t++) {
              expected += weights[t] / sum * qkv[t * 3 * c + 2 * c + head * hs + i];
            }
            int at = r * c + head * hs + i;
            difference.add(at, heads[at], expected);
          }
        }
      }
      return difference.error();
    }

    private double[] weights(int pos, int head) {
      double[] weights = new double[pos + 1];
      for (int t = 0; t <= pos; t++) {
        double score = 0;
        for (int i = 0; i < hs; i++) {
          score += (double) qkv[pos * 3 * c + head * hs + i] * qkv[t * 3 * c + c + head * hs + i];
        }
        weights[t] = Math.exp(score / Math.sqrt(hs));
      }
      return weights;
    }

    @Override
    public void close() {
      super.close();
      cache.close();
    }
  }

  /** Cross-entropy: −ln p of a target for each row of logits. */
  private static final class Losses extends CpuCase {
    private final float[][] logits;
    private final int[] targets;
    private final double[] losses;

    Losses(Shape shape, int rows, CpuKernels kernels, int threads) {
      super(Operations.CROSS_ENTROPY, shape, rows, Precision.F32, kernels, threads);
      logits = new float[rows][];
      Arrays.setAll(logits, r -> floats(config.vocabSize(), 3));
      targets = random.ints(rows, 0, config.vocabSize()).toArray();
      losses = new double[rows];
    }

    @Override
    void run() {
      Arrays.setAll(losses, r -> CrossEntropy.of(logits[r], logits[r].length, targets[r]));
    }

    @Override
    String check() {
      run();
      Difference difference = new Difference();
      for (int r = 0; r < rows; r++) {
        double sum = 0;
        for (float logit : logits[r]) {
          sum += Math.exp(logit);
        }
        difference.add(r, losses[r], Math.log(sum) - logits[r][targets[r]]);
      }
      return difference.error();
    }
  }
}
