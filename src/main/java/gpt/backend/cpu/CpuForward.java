package gpt.backend.cpu;

import gpt.backend.cpu.kernels.CpuKernels;
import gpt.backend.cpu.kernels.QuantizedPanel;
import gpt.backend.reference.ReferenceEngine;
import gpt.engine.Site;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.Weights;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.DoubleConsumer;

/**
 * The fast forward pass on the CPU, over the rows of many sequences. Weights are packed once
 * ({@link PackedMatrix}). Every matrix product, including both of attention, is a {@link
 * CpuKernels#matmul}: with one row it is decode's matrix-vector product (GEMV), with many rows
 * prefill's blocked matrix product (GEMM).
 *
 * <p>It has the order of operations and the names of {@link ReferenceEngine}. Comments give shapes:
 * R rows of this step, C channels, V vocabulary, nh heads of hs channels.
 */
final class CpuForward {
  /** Time to normalize one value, in FMAs. */
  private static final int NORM_FMAS = 16;

  /** Steps over k of one panel that a worker's scratch buffer has room for, at least. */
  private static final int MIN_SCRATCH_STEPS = CpuKernels.STREAMS * QuantizedPanel.CHUNK;

  private final GptConfig config;
  private final CpuKernels kernels;
  private final Workers workers;
  private final MatrixProduct product;
  private final PackedMatrix wte; // (V, C)
  private final float[] wpe; // (block_size, C)
  private final Block[] h;
  private final Norm lnF;
  private final PackedMatrix lmHead; // (V, C)

  // Activation buffers, grown to the R rows of a step.
  private int capacity; // rows that the buffers hold
  private float[] x = {}; // (R, C): the residual stream
  private float[] normed = {}; // (R, C)
  private float[] qkv = {}; // (R, 3C): queries, keys, values
  private float[] heads = {}; // (R, nh, hs): attention's output, heads concatenated
  private float[] hidden = {}; // (R, nInner)
  private float[] projected = {}; // (R, C): scratch for a product that is added to x
  private final HeadAttention attention;
  private final Tiles tiles = new Tiles();
  private final Norms norms;

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
   * Packs the weights into {@code memory}, which the caller frees.
   *
   * @param packing workers that pack
   */
  CpuForward(
      GptConfig config,
      Weights w,
      Precision precision,
      CpuKernels kernels,
      Workers workers,
      Workers packing,
      NativeMemory memory,
      DoubleConsumer progress) {
    this.config = config;
    norms = new Norms();
    this.kernels = kernels;
    this.workers = workers;
    product = new MatrixProduct(kernels, workers, scratch(w, precision, memory));
    Packer packer = new Packer(config, kernels.panelWidth(), precision, memory, packing, progress);
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
  }

  /** One buffer per worker for a panel that is widened to floats; none where all are floats. */
  private MemorySegment[] scratch(Weights w, Precision precision, NativeMemory memory) {
    boolean floats = w.matrices().allMatch(m -> precision.of(m) == Precision.F32);
    MemorySegment[] scratch = new MemorySegment[floats ? 0 : workers.size()];
    int k = Math.max(MIN_SCRATCH_STEPS, Math.max(config.nEmbd(), config.nInner()));
    Arrays.setAll(scratch, i -> memory.allocate(4L * k * kernels.panelWidth()));
    return scratch;
  }

  /** Runs the rows through all blocks and ln_f, then gathers those whose logits are wanted. */
  void run(StepRows rows) {
    grow(rows.rows);
    embed(rows);
    for (int layer = 0; layer < h.length; layer++) {
      read(rows, Site.RESID, layer, x, false);
      block(h[layer], layer, rows);
    }
    read(rows, Site.RESID, h.length, x, true);
    norm(lnF, x, rows.outputs);
    rows.gatherLogits(normed, config.nEmbd());
  }

  /**
   * Logits of rows [from, to) among those whose logits are wanted.
   *
   * @param out (to − from, V)
   */
  void logits(int from, int to, float[] out) {
    product.logits(lmHead, normed, from, to, out);
  }

  /** Applies ln_f to vectors of the residual stream (R, C), as {@link #run} to its output rows. */
  void norm(float[][] in) {
    grow(in.length);
    for (int row = 0; row < in.length; row++) {
      System.arraycopy(in[row], 0, x, row * config.nEmbd(), config.nEmbd());
    }
    norm(lnF, x, in.length);
  }

  private void embed(StepRows rows) {
    if (rows.rows == 1) {
      embed(rows, 0);
    } else {
      workers.run(rows.rows, (row, worker) -> embed(rows, row));
    }
  }

  private void embed(StepRows rows, int row) {
    int c = config.nEmbd();
    wte.row(rows.ids[row], x, row * c);
    kernels.add(x, row * c, wpe, rows.positions[row] * c, c);
  }

  /**
   * x += attn(ln1(x)); x += mlp(ln2(x)). In the last block only the output rows continue once keys
   * and values are stored.
   */
  private void block(Block b, int layer, StepRows rows) {
    boolean last = layer == h.length - 1;
    norm(b.ln1, x, rows.rows);
    read(rows, Site.LN1, layer, normed, false);
    product.linear(b.cAttn, normed, 0, rows.rows, qkv);
    rows.probes.readQkv(rows, layer, qkv);
    rows.probes.beginAttention(rows, layer);
    attention(layer, rows, last);
    rows.probes.endAttention(rows, layer);
    int r = last ? rows.outputs : rows.rows;
    if (r == 0) {
      return;
    }
    if (last) {
      rows.gatherOutputs(x, config.nEmbd());
    }
    product.linearResidual(b.attnProj, heads, 0, r, projected, x);
    read(rows, Site.ATTN, layer, projected, last);
    norm(b.ln2, x, r);
    product.linearGelu(b.cFc, normed, 0, r, hidden, config.gelu());
    product.linearResidual(b.mlpProj, hidden, 0, r, projected, x);
    read(rows, Site.MLP, layer, projected, last);
  }

  /**
   * Passes (R, C) to the probes; the rows are the gathered output rows only if {@code gathered}.
   */
  private void read(StepRows rows, Site site, int layer, float[] values, boolean gathered) {
    rows.probes.read(rows, site, layer, values, 0, config.nEmbd(), gathered);
  }

  /** {@code heads} = softmax(Q Kᵀ / √hs) V, causal, for each head. */
  private void attention(int layer, StepRows rows, boolean last) {
    tiles.layer = layer;
    tiles.rows = rows;
    tiles.stores = rows.oneRowEach();
    if (!tiles.stores) {
      workers.run(
          config.nHead() * rows.sequences,
          (item, worker) -> {
            int sequence = item / config.nHead();
            for (int i = 0; i < rows.tokens(sequence); i++) {
              store(rows, sequence, layer, item % config.nHead(), i);
            }
          });
    }
    // With one row per sequence each tile also stores its row's key and value, so no row is
    // skipped.
    tiles.count = rows.tiles(last && !tiles.stores, HeadAttention.MAX_QUERIES);
    product.parallelFor(tiles.count * config.nHead(), rows.attentionFmas(config.nEmbd()), tiles);
    if (last && tiles.stores) {
      rows.gatherOutputs(heads, config.nEmbd());
    }
  }

  /** Stores the key and value of a sequence's row i in its cache. */
  private void store(StepRows rows, int sequence, int layer, int head, int i) {
    int c = config.nEmbd();
    int at = (rows.first(sequence) + i) * 3 * c + head * config.headSize();
    rows.caches[sequence].put(layer, head, rows.past(sequence) + i, qkv, at + c, at + 2 * c);
  }

  /** Attention of one layer; an item is one head of one tile. Reused, to allocate nothing. */
  private final class Tiles implements Workers.Body {
    private int layer;
    private StepRows rows;
    private boolean stores;
    private int count;

    @Override
    public void run(int item, int worker) {
      int tile = item % count;
      int head = item / count;
      int sequence = rows.tileSequence(tile);
      if (stores) {
        store(rows, sequence, layer, head, 0);
      }
      attention.attend(
          rows.caches[sequence],
          layer,
          head,
          rows.positions[rows.tileRow(tile)],
          rows.tileCount(tile),
          qkv,
          rows.tileRow(tile),
          heads,
          rows.tileOut(tile),
          worker,
          rows.probes.capture(sequence),
          rows.tileFrom(tile));
    }
  }

  /** normed = norm(in) for rows [0, count). */
  private void norm(Norm norm, float[] in, int count) {
    long fmas = (long) count * config.nEmbd() * NORM_FMAS;
    product.parallelFor(count, fmas, norms.set(norm, in));
  }

  /** Layer norm; an item is a row. Reused, to allocate nothing. */
  private final class Norms implements Workers.Body {
    private final float eps = (float) config.layerNormEpsilon();
    private Norm norm;
    private float[] in;

    Norms set(Norm norm, float[] in) {
      this.norm = norm;
      this.in = in;
      return this;
    }

    @Override
    public void run(int row, int worker) {
      int c = config.nEmbd();
      kernels.layerNorm(in, row * c, c, norm.weight, norm.bias, eps, normed, row * c);
    }
  }

  private void grow(int rows) {
    if (rows <= capacity) {
      return;
    }
    capacity = Math.max(rows, Math.min(2 * capacity, config.blockSize()));
    int c = config.nEmbd();
    x = new float[capacity * c];
    normed = new float[capacity * c];
    qkv = new float[capacity * 3 * c];
    heads = new float[capacity * c];
    hidden = new float[capacity * config.nInner()];
    projected = new float[capacity * c];
  }
}
