package gpt.backend.reference;

import gpt.engine.Engine;
import gpt.engine.HostSequence;
import gpt.engine.HostWants;
import gpt.engine.Sequence;
import gpt.engine.Site;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.model.Contexts;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Tensor;
import gpt.model.Weights;
import java.util.Arrays;
import java.util.List;

/**
 * The forward pass as in nanoGPT's {@code model.py}: every sum in double precision, no KV cache, no
 * threads; each step recomputes the whole context. Read it first; tests check the fast engines
 * against it. Comments give shapes: T positions, C channels, V vocabulary, nh heads of hs channels.
 */
public final class ReferenceEngine implements Engine {
  private final GptConfig config;
  private final Matrix wte; // (V, C)
  private final Matrix wpe; // (block_size, C)
  private final List<Block> h;
  private final Norm lnF;
  private final Matrix lmHead; // (V, C)
  private boolean closed;

  private record Block(
      Norm ln1, Linear cAttn, Linear attnProj, Norm ln2, Linear cFc, Linear mlpProj) {}

  private record Linear(Matrix weight, float[] bias) {
    static Linear of(Weights.Linear w) {
      return new Linear(Matrix.of(w.weight()), array(w.bias()));
    }

    /** (T, in) to (T, out): y = x Wᵀ + b. */
    double[][] apply(double[][] x) {
      double[][] y = new double[x.length][];
      for (int t = 0; t < x.length; t++) {
        y[t] = weight.times(x[t]);
        for (int i = 0; bias != null && i < bias.length; i++) {
          y[t][i] += bias[i];
        }
      }
      return y;
    }
  }

  private record Norm(float[] weight, float[] bias, double eps) {
    static Norm of(Weights.LayerNorm w, double eps) {
      return new Norm(w.weight().toArray(), array(w.bias()), eps);
    }

    /** (T, C) to (T, C), row by row. */
    double[][] apply(double[][] x) {
      return Arrays.stream(x).map(this::row).toArray(double[][]::new);
    }

    private double[] row(double[] x) {
      double mean = Arrays.stream(x).sum() / x.length;
      double variance = 0;
      for (double v : x) {
        variance += (v - mean) * (v - mean) / x.length;
      }
      double[] y = new double[x.length];
      for (int i = 0; i < x.length; i++) {
        y[i] = (x[i] - mean) / Math.sqrt(variance + eps) * weight[i];
        y[i] += bias == null ? 0 : bias[i];
      }
      return y;
    }
  }

  private record Matrix(float[] values, int rows, int columns) {
    static Matrix of(Tensor t) {
      return new Matrix(t.toArray(), t.rows(), t.columns());
    }

    double at(int r, int c) {
      return values[r * columns + c];
    }

    double[] times(double[] x) {
      double[] y = new double[rows];
      for (int r = 0; r < rows; r++) {
        double sum = 0;
        for (int c = 0; c < columns; c++) {
          sum += values[r * columns + c] * x[c];
        }
        y[r] = sum;
      }
      return y;
    }
  }

  /** Copies the weights to the heap as float32. */
  public ReferenceEngine(GptConfig config, Weights w) {
    this.config = config;
    double eps = config.layerNormEpsilon();
    wte = Matrix.of(w.wte());
    wpe = Matrix.of(w.wpe());
    h =
        w.h().stream()
            .map(
                b ->
                    new Block(
                        Norm.of(b.ln1(), eps),
                        Linear.of(b.attn().cAttn()),
                        Linear.of(b.attn().cProj()),
                        Norm.of(b.ln2(), eps),
                        Linear.of(b.mlp().cFc()),
                        Linear.of(b.mlp().cProj())))
            .toList();
    lnF = Norm.of(w.lnF(), eps);
    lmHead = w.tied() ? wte : Matrix.of(w.lmHead());
  }

  private static float[] array(Tensor t) {
    return t == null ? null : t.toArray();
  }

  /**
   * Logits of a context.
   *
   * @param idx ids of T positions, T ≤ block_size
   * @param from first position whose logits are computed
   * @return (T − from, V)
   */
  double[][] forward(int[] idx, int from) {
    return forward(idx, from, (site, layer, x) -> {});
  }

  /** Receives the activations of a site: a row for each position. */
  private interface Probe {
    void accept(Site site, int layer, double[][] rows);
  }

  private double[][] forward(int[] idx, int from, Probe probe) {
    double[][] x = embed(idx); // (T, C)
    for (int layer = 0; layer < h.size(); layer++) {
      probe.accept(Site.RESID, layer, x);
      Block block = h.get(layer);
      double[][] attn = attention(block, block.ln1.apply(x), layer, probe);
      probe.accept(Site.ATTN, layer, attn);
      x = plus(x, attn);
      double[][] mlp = mlp(block, block.ln2.apply(x));
      probe.accept(Site.MLP, layer, mlp);
      x = plus(x, mlp);
    }
    probe.accept(Site.RESID, h.size(), x);
    return head(Arrays.copyOfRange(x, from, x.length));
  }

  /** (R, C) of the residual stream to logits (R, V). */
  private double[][] head(double[][] x) {
    return Arrays.stream(lnF.apply(x)).map(lmHead::times).toArray(double[][]::new);
  }

  private double[][] embed(int[] idx) {
    double[][] x = new double[idx.length][config.nEmbd()];
    for (int t = 0; t < idx.length; t++) {
      for (int c = 0; c < config.nEmbd(); c++) {
        x[t][c] = wte.at(idx[t], c) + wpe.at(t, c);
      }
    }
    return x;
  }

  private double[][] attention(Block block, double[][] x, int layer, Probe probe) {
    int c = config.nEmbd();
    int hs = config.headSize();
    probe.accept(Site.LN1, layer, x);
    double[][] qkv = block.cAttn.apply(x); // (T, 3C): queries, keys, values
    probe.accept(Site.Q, layer, columns(qkv, 0, c));
    probe.accept(Site.K, layer, columns(qkv, c, 2 * c));
    probe.accept(Site.V, layer, columns(qkv, 2 * c, 3 * c));
    double[][] weights = new double[x.length][]; // (T, nh, keys)
    Arrays.setAll(weights, t -> new double[config.nHead() * (t + 1)]);
    double[][] y = new double[x.length][c]; // (T, nh, hs), heads concatenated
    for (int head = 0; head < config.nHead(); head++) {
      int q = head * hs;
      int k = c + head * hs;
      int v = 2 * c + head * hs;
      for (int t = 0; t < x.length; t++) {
        double[] att = new double[t + 1]; // causal: keys 0 to t
        for (int s = 0; s <= t; s++) {
          for (int i = 0; i < hs; i++) {
            att[s] += qkv[t][q + i] * qkv[s][k + i];
          }
          att[s] /= Math.sqrt(hs);
        }
        softmax(att);
        System.arraycopy(att, 0, weights[t], head * (t + 1), t + 1);
        for (int s = 0; s <= t; s++) {
          for (int i = 0; i < hs; i++) {
            y[t][q + i] += att[s] * qkv[s][v + i];
          }
        }
      }
    }
    probe.accept(Site.WEIGHTS, layer, weights);
    return block.attnProj.apply(y);
  }

  private static double[][] columns(double[][] x, int from, int to) {
    return Arrays.stream(x).map(row -> Arrays.copyOfRange(row, from, to)).toArray(double[][]::new);
  }

  private double[][] mlp(Block block, double[][] x) {
    double[][] y = block.cFc.apply(x); // (T, 4C)
    for (double[] row : y) {
      for (int i = 0; i < row.length; i++) {
        row[i] = gelu(row[i], config.gelu());
      }
    }
    return block.mlpProj.apply(y);
  }

  private static double[][] plus(double[][] a, double[][] b) {
    for (int t = 0; t < a.length; t++) {
      for (int i = 0; i < a[t].length; i++) {
        a[t][i] += b[t][i];
      }
    }
    return a;
  }

  private static void softmax(double[] x) {
    double max = Arrays.stream(x).max().orElseThrow();
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      x[i] = Math.exp(x[i] - max);
      sum += x[i];
    }
    for (int i = 0; i < x.length; i++) {
      x[i] /= sum;
    }
  }

  private static float[] toFloat(double[] x) {
    float[] y = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] = (float) x[i];
    }
    return y;
  }

  /** GELU in double precision. */
  public static double gelu(double x, Gelu form) {
    return switch (form) {
      case EXACT -> 0.5 * x * (1 + erf(x / Math.sqrt(2)));
      case TANH -> 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    };
  }

  /**
   * The error function to about 1e-15: 2/√π · e^(−x²) · Σ 2ⁿx²ⁿ⁺¹/(2n+1)!!, whose terms are all of
   * one sign (Abramowitz and Stegun 7.1.6); ±1 from 6 on, where 1 − erf is below 2⁻⁵³.
   */
  static double erf(double x) {
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

  @Override
  public GptConfig config() {
    return config;
  }

  @Override
  public String device() {
    return "reference";
  }

  @Override
  public String dtype() {
    return "f32";
  }

  @Override
  public boolean verifiesDrafts() {
    return true;
  }

  @Override
  public Sequence open() {
    checkOpen();
    return new ReferenceSequence();
  }

  /** Steps one sequence after another; each recomputes its whole context. */
  @Override
  public void step(List<Work> work) {
    checkOpen();
    for (Work item : work) {
      if (!(item.sequence() instanceof ReferenceSequence sequence) || sequence.engine() != this) {
        throw new IllegalArgumentException("a sequence of the step belongs to another engine");
      }
    }
    HostWants.check(config, work);
    int[][] extended = new int[work.size()][];
    for (int i = 0; i < extended.length; i++) {
      extended[i] = step(work.get(i));
    }
    for (int i = 0; i < extended.length; i++) {
      ((ReferenceSequence) work.get(i).sequence()).ids = extended[i];
      ((ReferenceSequence) work.get(i).sequence()).grow(work.get(i).tokens());
    }
  }

  /** Serves one sequence's want; returns its ids with the appended ones. */
  private int[] step(Work work) {
    ReferenceSequence sequence = (ReferenceSequence) work.sequence();
    int past = sequence.length();
    int[] append = work.append().length == 0 ? new int[] {sequence.drawn()} : work.append();
    int[] ids = Arrays.copyOf(sequence.ids, past + append.length);
    System.arraycopy(append, 0, ids, past, append.length);
    int rows = HostWants.logitRows(work);
    int from = ids.length - rows;
    double[][] logits =
        forward(
            ids,
            from,
            (site, layer, x) -> {
              if (work.want() instanceof Want.Probe probe && probe.reader().wants(site, layer)) {
                for (int t = past; t < ids.length; t++) {
                  probe.reader().accept(site, layer, t, toFloat(x[t]));
                }
              }
            });
    for (int row = 0; row < rows; row++) {
      HostWants.accept(work, row, from + row, toFloat(logits[row]), config.vocabSize());
    }
    return ids;
  }

  @Override
  public void logits(float[][] x, Want.LogitsReader reader) {
    checkOpen();
    double[][] wide = new double[x.length][config.nEmbd()];
    for (int row = 0; row < x.length; row++) {
      for (int i = 0; i < wide[row].length; i++) {
        wide[row][i] = x[row][i];
      }
    }
    double[][] logits = head(wide);
    for (int row = 0; row < x.length; row++) {
      reader.accept(row, toFloat(logits[row]));
    }
  }

  private void checkOpen() {
    if (closed) {
      throw Contexts.closed();
    }
  }

  @Override
  public void close() {
    closed = true;
  }

  private final class ReferenceSequence extends HostSequence {
    private int[] ids = {}; // the first length() are valid

    ReferenceSequence() {
      super(config.vocabSize());
    }

    private ReferenceEngine engine() {
      return ReferenceEngine.this;
    }

    @Override
    public Sequence fork() {
      checkOpen();
      ReferenceSequence other = new ReferenceSequence();
      other.ids = ids;
      other.copyStateFrom(this);
      return other;
    }

    @Override
    public void close() {}
  }
}
