package gpt.cpu;

import gpt.model.Backend;
import gpt.model.Contexts;
import gpt.model.GptConfig;
import gpt.model.HostLosses;
import gpt.model.Precision;
import gpt.model.Weights;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.DoubleConsumer;

/**
 * The fast forward pass on the CPU. Weights are packed once ({@link PackedMatrix}) and every
 * product of matrices, attention's two included, goes through one kernel, {@link
 * CpuKernels#matmul}: with one row it is the matrix-vector product of decode, with many the blocked
 * product of prefill.
 *
 * <p>Same order of operations and same names as {@link ReferenceBackend}. Comments give shapes: T
 * rows (positions) in this pass, C channels, V vocabulary, nh heads of hs channels.
 */
public final class CpuBackend implements Backend {
  /** Positions whose logits are computed at once where all are wanted. */
  private static final int LOGIT_ROWS = 24;

  /**
   * Bytes of weights from which loading takes long enough to compile the kernels meanwhile. On two
   * cores GPT-2's first token came after 1.0 s instead of 1.8. A smaller model begins with scalar
   * kernels: see {@link TieredKernels}.
   */
  private static final long WORTH_WARMING = 64 << 20;

  private final GptConfig config;
  private final Precision precision;
  private final CpuKernels kernels;
  private final Workers workers;
  private final MatrixProduct product;
  private final NativeMemory memory = new NativeMemory();
  private final PackedMatrix wte; // (V, C)
  private final float[] wpe; // (block_size, C)
  private final Block[] h;
  private final Norm lnF;
  private final PackedMatrix lmHead; // (V, C)

  // Activations of one pass, grown to its T rows and shared by all sessions.
  private int rows;
  private float[] x = {}; // (T, C): the residual stream
  private float[] normed = {}; // (T, C)
  private float[] qkv = {}; // (T, 3C): queries, keys, values
  private float[] heads = {}; // (T, nh, hs): attention's output, heads side by side
  private float[] hidden = {}; // (T, nInner)
  private float[] projected = {}; // (T, C): a branch's output before it joins x
  private final HeadAttention attention;
  private final float[] logits; // (V): what callers see
  private final DecodeAttention decoding = new DecodeAttention();
  private AttentionCapture capture; // what is to be kept of this pass, null in an ordinary one

  private record Block(
      Norm ln1, Linear cAttn, Linear attnProj, Norm ln2, Linear cFc, Linear mlpProj) {}

  /** Weight (out, in) and bias (out) or null. */
  record Linear(PackedMatrix weight, float[] bias) {}

  private record Norm(float[] weight, float[] bias) {
    static Norm of(Weights.LayerNorm w) {
      return new Norm(w.weight().toArray(), w.bias() == null ? null : w.bias().toArray());
    }
  }

  /**
   * Packs the weights, after which the checkpoint they came from may be closed.
   *
   * @param threads workers to compute with, at least 1
   */
  public static CpuBackend open(GptConfig config, Weights weights, int threads) {
    return open(config, weights, threads, fraction -> {});
  }

  /** As {@link #open(GptConfig, Weights, int)}, telling how much is packed, from 0 to 1. */
  public static CpuBackend open(
      GptConfig config, Weights weights, int threads, DoubleConsumer progress) {
    return open(config, weights, Precision.F32, threads, progress);
  }

  /** As the others, with matrices kept in some form. */
  public static CpuBackend open(
      GptConfig config,
      Weights weights,
      Precision precision,
      int threads,
      DoubleConsumer progress) {
    CpuKernels kernels = CpuKernelsProvider.kernels();
    if (weightBytes(config, weights.tied(), Precision.F32) >= WORTH_WARMING) {
      WarmUp.start(kernels, precision);
    } else if (precision == Precision.F32) {
      kernels = CpuKernelsProvider.tiered();
    }
    return new CpuBackend(config, weights, precision, threads, kernels, progress);
  }

  CpuBackend(
      GptConfig config, Weights w, int threads, CpuKernels kernels, DoubleConsumer progress) {
    this(config, w, Precision.F32, threads, kernels, progress);
  }

  CpuBackend(
      GptConfig config,
      Weights w,
      Precision precision,
      int threads,
      CpuKernels kernels,
      DoubleConsumer progress) {
    this.config = config;
    this.precision = precision;
    this.kernels = kernels;
    workers = new Workers(threads);
    try {
      product = new MatrixProduct(kernels, workers, scratch());
      Packer packer =
          new Packer(config, kernels.panelWidth(), precision, memory, workers, progress);
      lmHead = packer.pack(w.lmHead());
      wte = w.tied() ? lmHead : packer.pack(w.wte());
      wpe = w.wpe().toArray();
      h = new Block[config.nLayer()];
      for (int layer = 0; layer < h.length; layer++) {
        Weights.Block b = w.h(layer);
        h[layer] =
            new Block(
                Norm.of(b.ln1()),
                packer.pack(b.attn().cAttn()),
                packer.pack(b.attn().cProj()),
                Norm.of(b.ln2()),
                packer.pack(b.mlp().cFc()),
                packer.pack(b.mlp().cProj()));
      }
      lnF = Norm.of(w.lnF());
      attention = new HeadAttention(kernels, config, workers.size());
      logits = new float[config.vocabSize()];
    } catch (Throwable e) {
      close(); // out of memory, above all
      throw e;
    }
  }

  /** For each worker room to widen a panel in. */
  private MemorySegment[] scratch() {
    MemorySegment[] scratch = new MemorySegment[precision == Precision.F32 ? 0 : workers.size()];
    int k = Math.max(config.nEmbd(), config.nInner());
    Arrays.setAll(scratch, i -> memory.allocate(4L * k * kernels.panelWidth()));
    return scratch;
  }

  /**
   * The logits that follow the last of T tokens appended to a cache of {@code past} positions.
   *
   * @param each if not null, receives the logits of every appended position instead
   */
  private float[] forward(KvCache cache, int past, int[] ids, PositionLogits each) {
    workers.checkOpen();
    int t = ids.length;
    grow(t);
    embed(ids, past);
    for (int layer = 0; layer < h.length; layer++) {
      // Only keys and values of earlier positions are needed past the last layer's attention.
      boolean kept = capture != null && capture.wants(layer);
      boolean lastOnly = each == null && layer == h.length - 1 && !kept;
      block(h[layer], layer, cache, past, t, lastOnly ? t - 1 : 0);
    }
    if (each == null) {
      norm(lnF, x, t - 1, t);
      product.logits(lmHead, normed, t - 1, t, logits);
      return logits;
    }
    norm(lnF, x, 0, t);
    everyPosition(past, t, each);
    return logits;
  }

  private void embed(int[] ids, int past) {
    if (ids.length == 1) {
      embed(ids[0], 0, past);
    } else {
      workers.run(ids.length, (t, worker) -> embed(ids[t], t, past + t));
    }
  }

  private void embed(int id, int t, int pos) {
    int c = config.nEmbd();
    wte.row(id, x, t * c);
    kernels.add(x, t * c, wpe, pos * c, c);
  }

  /** x += attn(ln1(x)); x += mlp(ln2(x)), for rows [from, t); keys and values for all t rows. */
  private void block(Block b, int layer, KvCache cache, int past, int t, int from) {
    norm(b.ln1, x, 0, t);
    product.linear(b.cAttn, normed, 0, t, qkv);
    attention(layer, cache, past, t, from);
    product.linearResidual(b.attnProj, heads, from, t, projected, x);
    norm(b.ln2, x, from, t);
    product.linearGelu(b.cFc, normed, from, t, hidden, config.gelu());
    product.linearResidual(b.mlpProj, hidden, from, t, projected, x);
  }

  /** Rows [from, t) of {@code heads}: softmax(Q Kᵀ / √hs) V, causal, each head by itself. */
  private void attention(int layer, KvCache cache, int past, int t, int from) {
    int c = config.nEmbd();
    int hs = config.headSize();
    int nHead = config.nHead();
    if (t == 1) {
      decoding.layer = layer;
      decoding.cache = cache;
      decoding.past = past;
      product.share(nHead, 2L * (past + 1) * c, decoding);
      return;
    }
    workers.run(
        nHead,
        (head, worker) -> {
          for (int i = 0; i < t; i++) {
            int at = i * 3 * c + head * hs;
            cache.put(layer, head, past + i, qkv, at + c, at + 2 * c);
          }
        });
    int tiles = Math.ceilDiv(t - from, HeadAttention.QUERIES);
    workers.run(
        nHead * tiles,
        (item, worker) -> {
          int first = from + item % tiles * HeadAttention.QUERIES;
          int last = Math.min(first + HeadAttention.QUERIES, t);
          attention.head(
              cache, layer, item / tiles, past, qkv, first, first, last, heads, worker, capture);
        });
  }

  /**
   * Attention of one new position, a head an item: one object for all, so that a token makes none.
   */
  private final class DecodeAttention implements Workers.Body {
    private int layer;
    private KvCache cache;
    private int past;

    @Override
    public void run(int head, int worker) {
      int c = config.nEmbd();
      int hs = config.headSize();
      cache.put(layer, head, past, qkv, c + head * hs, 2 * c + head * hs);
      attention.head(cache, layer, head, past, qkv, 0, 0, 1, heads, worker, capture);
    }
  }

  /** Rows [from, to) of {@code normed}. */
  private void norm(Norm norm, float[] in, int from, int to) {
    int c = config.nEmbd();
    float eps = (float) config.layerNormEpsilon();
    for (int t = from; t < to; t++) {
      kernels.layerNorm(in, t * c, c, norm.weight, norm.bias, eps, normed, t * c);
    }
  }

  private void everyPosition(int past, int t, PositionLogits each) {
    int v = config.vocabSize();
    float[] batch = new float[Math.min(t, LOGIT_ROWS) * v];
    for (int from = 0; from < t; from += LOGIT_ROWS) {
      int to = Math.min(t, from + LOGIT_ROWS);
      product.logits(lmHead, normed, from, to, batch);
      for (int i = from; i < to; i++) {
        System.arraycopy(batch, (i - from) * v, logits, 0, v);
        each.accept(past + i, logits);
      }
    }
  }

  private void grow(int t) {
    if (t <= rows) {
      return;
    }
    rows = Math.max(t, Math.min(2 * rows, config.blockSize()));
    int c = config.nEmbd();
    x = new float[rows * c];
    normed = new float[rows * c];
    qkv = new float[rows * 3 * c];
    heads = new float[rows * c];
    hidden = new float[rows * config.nInner()];
    projected = new float[rows * c];
  }

  @Override
  public GptConfig config() {
    return config;
  }

  @Override
  public String device() {
    return "cpu";
  }

  @Override
  public String dtype() {
    return precision.word();
  }

  /** Bytes of packed weights that such a model takes, but for norms, biases and positions. */
  public static long weightBytes(GptConfig config, boolean tied, Precision precision) {
    int c = config.nEmbd();
    int inner = config.nInner();
    long block =
        bytes(3 * c, c, precision)
            + bytes(c, c, precision)
            + bytes(inner, c, precision)
            + bytes(c, inner, precision);
    return config.nLayer() * block + (tied ? 1 : 2) * bytes(config.vocabSize(), c, precision);
  }

  /** Bytes of keys and values that one session of such a model takes. */
  public static long cacheBytes(GptConfig config) {
    int hs = config.headSize();
    int t = config.blockSize();
    return config.nLayer()
        * (long) config.nHead()
        * (bytes(t, hs, Precision.F32) + bytes(hs, t, Precision.F32));
  }

  private static long bytes(int n, int k, Precision precision) {
    long scales = precision == Precision.I8 ? (long) Float.BYTES * n : 0;
    return PackedMatrix.bytes(n, k, CpuKernelsProvider.kernels().panelWidth(), precision) + scales;
  }

  @Override
  public Session newSession() {
    workers.checkOpen();
    return new CpuSession();
  }

  @Override
  public void close() {
    workers.close();
    memory.close();
  }

  private final class CpuSession implements Session {
    private final KvCache cache = new KvCache(config, kernels.panelWidth());
    private final int[] next = new int[1];
    private int length;

    @Override
    public int length() {
      return length;
    }

    @Override
    public float[] prefill(int[] ids) {
      return append(ids, null);
    }

    @Override
    public void prefill(int[] ids, PositionLogits each) {
      append(ids, each);
    }

    @Override
    public float[] prefill(int[] ids, int layer, int head, AttentionRow each) {
      AttentionCapture kept = new AttentionCapture(config, layer, head, ids.length);
      int past = length;
      capture = kept;
      float[] after;
      try {
        after = append(ids, null);
      } finally {
        capture = null;
      }
      kept.tell(past, each);
      return after;
    }

    @Override
    public double[] losses(int[] ids, int[] targets) {
      return HostLosses.append(this, config, ids, targets);
    }

    @Override
    public float[] decode(int id) {
      next[0] = id;
      return append(next, null);
    }

    private float[] append(int[] ids, PositionLogits each) {
      Contexts.checkAppend(config, length, ids);
      float[] after = forward(cache, length, ids, each);
      length += ids.length;
      return after;
    }

    @Override
    public void truncate(int to) {
      length = Contexts.checkTruncate(length, to);
    }

    @Override
    public void copyFrom(Session other) {
      if (!(other instanceof CpuSession from) || from.backend() != backend()) {
        throw Contexts.otherBackends();
      }
      if (from != this) {
        cache.copyFrom(from.cache, from.length);
        length = from.length;
      }
    }

    private CpuBackend backend() {
      return CpuBackend.this;
    }

    @Override
    public void close() {
      cache.close();
    }
  }
}
