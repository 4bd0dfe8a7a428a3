package gpt.backend.cpu;

import gpt.backend.reference.ReferenceEngine;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.Weights;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.DoubleConsumer;

/**
 * The fast forward pass on the CPU, over rows of many sequences. Weights are packed once ({@link
 * PackedMatrix}) and every product of matrices, attention's two included, goes through one kernel,
 * {@link CpuKernels#matmul}: with one row it is the matrix-vector product of decode, with many the
 * blocked product of prefill.
 *
 * <p>Same order of operations and same names as {@link ReferenceEngine}. Comments give shapes: R
 * rows in this pass, C channels, V vocabulary, nh heads of hs channels.
 */
final class CpuForward {
  private final GptConfig config;
  private final CpuKernels kernels;
  private final Workers workers;
  private final MatrixProduct product;
  private final PackedMatrix wte; // (V, C)
  private final float[] wpe; // (block_size, C)
  private final Block[] h;
  private final Norm lnF;
  private final PackedMatrix lmHead; // (V, C)

  // Activations, grown to the R rows of a pass.
  private int room;
  private float[] x = {}; // (R, C): the residual stream
  private float[] normed = {}; // (R, C)
  private float[] qkv = {}; // (R, 3C): queries, keys, values
  private float[] heads = {}; // (R, nh, hs): attention's output, heads side by side
  private float[] hidden = {}; // (R, nInner)
  private float[] projected = {}; // (R, C): a branch's output before it joins x
  private final HeadAttention attention;
  private final Tiles tiles = new Tiles();

  private record Block(
      Norm ln1, Linear cAttn, Linear attnProj, Norm ln2, Linear cFc, Linear mlpProj) {}

  /** Weight (out, in) and bias (out) or null. */
  record Linear(PackedMatrix weight, float[] bias) {}

  private record Norm(float[] weight, float[] bias) {
    static Norm of(Weights.LayerNorm w) {
      return new Norm(w.weight().toArray(), w.bias() == null ? null : w.bias().toArray());
    }
  }

  /** Packs the weights, in memory that is the caller's to free. */
  CpuForward(
      GptConfig config,
      Weights w,
      Precision precision,
      CpuKernels kernels,
      Workers workers,
      NativeMemory memory,
      DoubleConsumer progress) {
    this.config = config;
    this.kernels = kernels;
    this.workers = workers;
    product = new MatrixProduct(kernels, workers, scratch(precision, memory));
    Packer packer = new Packer(config, kernels.panelWidth(), precision, memory, workers, progress);
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

  /** For each worker room to widen a panel in. */
  private MemorySegment[] scratch(Precision precision, NativeMemory memory) {
    MemorySegment[] scratch = new MemorySegment[precision == Precision.F32 ? 0 : workers.size()];
    int k = Math.max(config.nEmbd(), config.nInner());
    Arrays.setAll(scratch, i -> memory.allocate(4L * k * kernels.panelWidth()));
    return scratch;
  }

  /** Runs the rows through all blocks and the last norm. */
  void run(StepRows rows) {
    grow(rows.rows);
    embed(rows);
    for (int layer = 0; layer < h.length; layer++) {
      rows.readResidual(layer, x, config.nEmbd());
      block(h[layer], layer, rows);
    }
    rows.readResidual(h.length, x, config.nEmbd());
    norm(lnF, x, rows.carried);
    rows.keepLogits(normed, config.nEmbd());
  }

  /**
   * Logits of rows [from, to) of those whose logits are wanted.
   *
   * @param out (to − from, V)
   */
  void logits(int from, int to, float[] out) {
    product.logits(lmHead, normed, from, to, out);
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

  /** x += attn(ln1(x)); x += mlp(ln2(x)); past the last keys and values for carried rows only. */
  private void block(Block b, int layer, StepRows rows) {
    boolean last = layer == h.length - 1;
    norm(b.ln1, x, rows.rows);
    product.linear(b.cAttn, normed, 0, rows.rows, qkv);
    attention(layer, rows, last);
    int r = last ? rows.carried : rows.rows;
    if (r == 0) {
      return;
    }
    if (last) {
      rows.carry(x, config.nEmbd());
    }
    product.linearResidual(b.attnProj, heads, 0, r, projected, x);
    norm(b.ln2, x, r);
    product.linearGelu(b.cFc, normed, 0, r, hidden, config.gelu());
    product.linearResidual(b.mlpProj, hidden, 0, r, projected, x);
  }

  /** {@code heads}: softmax(Q Kᵀ / √hs) V, causal, each head by itself. */
  private void attention(int layer, StepRows rows, boolean last) {
    tiles.layer = layer;
    tiles.rows = rows;
    tiles.stores = rows.single();
    if (!tiles.stores) {
      workers.run(
          config.nHead() * rows.pieces,
          (item, worker) -> {
            int piece = item / config.nHead();
            for (int i = 0; i < rows.tokens(piece); i++) {
              store(rows, piece, layer, item % config.nHead(), i);
            }
          });
    }
    // Where every sequence has one row, its tile stores its key and value, so that none is left
    // out.
    tiles.count = rows.tiles(last && !tiles.stores, HeadAttention.QUERIES);
    product.share(tiles.count * config.nHead(), rows.attentionWork(config.nEmbd()), tiles);
    if (last && tiles.stores) {
      rows.carry(heads, config.nEmbd());
    }
  }

  /** The key and value of row i of a piece. */
  private void store(StepRows rows, int piece, int layer, int head, int i) {
    int c = config.nEmbd();
    int at = (rows.first(piece) + i) * 3 * c + head * config.headSize();
    rows.caches[piece].put(layer, head, rows.past(piece) + i, qkv, at + c, at + 2 * c);
  }

  /** Attention of one layer, a head of a tile an item: one object, so that a token makes none. */
  private final class Tiles implements Workers.Body {
    private int layer;
    private StepRows rows;
    private boolean stores;
    private int count;

    @Override
    public void run(int item, int worker) {
      int tile = item % count;
      int head = item / count;
      int piece = rows.tilePiece(tile);
      if (stores) {
        store(rows, piece, layer, head, 0);
      }
      attention.head(
          rows.caches[piece],
          layer,
          head,
          rows.positions[rows.tileRow(tile)],
          rows.tileCount(tile),
          qkv,
          rows.tileRow(tile),
          heads,
          rows.tileOut(tile),
          worker,
          rows.captures[piece],
          rows.tileFrom(tile));
    }
  }

  /** Rows [0, count) of {@code normed}. */
  private void norm(Norm norm, float[] in, int count) {
    int c = config.nEmbd();
    float eps = (float) config.layerNormEpsilon();
    for (int r = 0; r < count; r++) {
      kernels.layerNorm(in, r * c, c, norm.weight, norm.bias, eps, normed, r * c);
    }
  }

  private void grow(int rows) {
    if (rows <= room) {
      return;
    }
    room = Math.max(rows, Math.min(2 * room, config.blockSize()));
    int c = config.nEmbd();
    x = new float[room * c];
    normed = new float[room * c];
    qkv = new float[room * 3 * c];
    heads = new float[room * c];
    hidden = new float[room * config.nInner()];
    projected = new float[room * c];
  }
}
