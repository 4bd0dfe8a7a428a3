package gpt.backend.tornado;

import gpt.kernels.Attention;
import gpt.kernels.Embedding;
import gpt.kernels.GeluProjection;
import gpt.kernels.LayerNorm;
import gpt.kernels.LmHead;
import gpt.kernels.Projection;
import gpt.kernels.QkvProjection;
import gpt.kernels.ResidualProjection;
import gpt.kernels.ResidualProjection.Branch;
import gpt.kernels.Source;
import gpt.kernels.SplitAttention;
import gpt.kernels.runtime.Feed;
import gpt.kernels.runtime.SlotCopy;
import gpt.kernels.runtime.Version;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * The tasks of the forward pass: adds to a graph which version of which kernel runs, with which
 * arguments. Comments give shapes: R rows (tokens) in this pass, C channels, V vocabulary, nh heads
 * of hs channels.
 */
record ForwardTasks(
    GptConfig config, DeviceWeights w, DeviceBuffers b, KernelSet kernels, int capacity) {

  /** The rows of a pass, from the request. */
  Graph feed(Graph graph) {
    Feed.Arguments arguments =
        new Feed.Arguments(
            b.request.array(),
            b.pass,
            b.tokens,
            b.positions,
            b.slots,
            b.rowOf,
            b.slotOf,
            b.sampling.parameters,
            b.maxRows,
            b.maxLogitRows);
    return graph.add("feed", kernels.feed(), arguments);
  }

  /** Copies keys and values between slots. */
  Graph slotCopy(Graph graph) {
    return graph.add(
        "cache",
        kernels.slotCopy(),
        new SlotCopy.Arguments(b.copies, b.cache, config.nLayer(), config.headSize()));
  }

  /** x = wte + wpe of each row's token. */
  Graph embedding(Graph graph) {
    return graph.add("embedding", kernels.embedding(), embedding()); // (R, C)
  }

  /**
   * x += attn(ln1(x)); x += mlp(ln2(x)), with kernels for few rows (decode) or many (prompt). A
   * GPU's projections for few rows compute the norms themselves.
   *
   * @param id suffix of the tasks' ids
   * @param maxKeys for decode, the most keys that a row has; 0 for a prompt
   */
  Graph block(Graph graph, String id, int maxKeys) {
    boolean many = maxKeys == 0;
    int c = config.nEmbd();
    boolean norms = !kernels.computesNorms(many);
    var qkv = projection(QkvProjection.VERSIONS, many, c);
    var attnProj = projection(ResidualProjection.VERSIONS, many, c);
    var gelu = projection(GeluProjection.VERSIONS, many, c);
    var mlpProj = projection(ResidualProjection.VERSIONS, many, config.nInner());
    if (norms) {
      graph.add("ln1" + id, kernels.layerNorm(), norm(LayerNorm.Place.ATTENTION)); // (R, C)
    }
    graph.add("cAttn" + id, qkv, cAttn(many)); // q, keys, values
    attention(graph, id, maxKeys); // (R, nh, hs)
    graph.add("attnProj" + id, attnProj, attnProj(many));
    if (norms) {
      graph.add("ln2" + id, kernels.layerNorm(), norm(LayerNorm.Place.MLP)); // (R, C)
    }
    graph.add("cFc" + id, gelu, cFc(many)); // (R, nInner)
    graph.add("mlpProj" + id, mlpProj, mlpProj(many));
    return graph;
  }

  /** A projection's version for few rows or many, on tensor cores if they compute prompts. */
  private <A> Version<A> projection(Projection.Versions<A> versions, boolean many, int k) {
    return many && b.product != null
        ? versions.tensorCores().apply(b.product)
        : kernels.projection(versions, many, k);
  }

  private void attention(Graph graph, String id, int maxKeys) {
    if (maxKeys == 0) {
      graph.add("attention" + id, kernels.prefillAttention(), attention());
    } else if (splits()) {
      SplitAttention.Arguments split = split(maxKeys);
      graph.add("splitAttention" + id, kernels.splitAttention(), split);
      if (maxKeys > Source.MERGED_KEYS) {
        graph.add("attentionMerge" + id, kernels.attentionMerge(), split);
      }
    } else {
      graph.add("attention" + id, kernels.attention(), attention());
    }
  }

  /** Whether decode splits a head's attention among several workgroups. */
  boolean splits() {
    return splits(config, kernels);
  }

  /** As {@link #splits()}. */
  static boolean splits(GptConfig config, KernelSet kernels) {
    return kernels.forGpu() && config.blockSize() > SplitAttention.CHUNK;
  }

  /** The logits of the rows in {@code rowOf}. */
  Graph head(Graph graph) {
    if (!kernels.computesNorms(false)) {
      graph.add("lnF", kernels.layerNorm(), norm(LayerNorm.Place.FINAL)); // (logit rows, C)
    }
    // The same version for any number of rows, so that a row's logits do not depend on it.
    graph.add(
        "lmHead",
        kernels.projection(LmHead.VERSIONS, false, config.nEmbd()),
        lmHead()); // (logit rows, V)
    return graph;
  }

  // The tasks' arguments.

  private Embedding.Arguments embedding() {
    return new Embedding.Arguments(
        b.pass, b.tokens, b.positions, w.wte, w.wpe, b.x, b.maxRows, config.nEmbd());
  }

  private LayerNorm.Arguments norm(LayerNorm.Place place) {
    float epsilon = (float) config.layerNormEpsilon();
    int c = config.nEmbd();
    return switch (place) {
      case ATTENTION ->
          new LayerNorm.Arguments(
              b.pass, b.x, b.rowOf, w.ln1, b.normed, b.maxRows, c, epsilon, place);
      case MLP ->
          new LayerNorm.Arguments(
              b.pass, b.x, b.rowOf, w.ln2, b.normed, b.maxRows, c, epsilon, place);
      case FINAL ->
          new LayerNorm.Arguments(
              b.pass, b.x, b.rowOf, w.lnF, b.normedLast, b.maxLogitRows, c, epsilon, place);
    };
  }

  /** A norm of x, computed by the projection or, into {@code b.normed}, by a launch before it. */
  private Source normed(FloatArray weights, boolean many) {
    return kernels.computesNorms(many)
        ? Source.normed(b.x, weights, (float) config.layerNormEpsilon(), b.unused)
        : Source.plain(b.normed, b.unused);
  }

  /** Most rows of a pass. */
  private int maxRows(boolean many) {
    return many ? b.maxRows : capacity;
  }

  private QkvProjection.Arguments cAttn(boolean many) {
    return new QkvProjection.Arguments(
        b.pass,
        b.positions,
        b.slots,
        normed(w.ln1, many),
        w.cAttn,
        w.cAttnBias,
        b.q,
        b.cache,
        maxRows(many));
  }

  private Attention.Arguments attention() {
    return new Attention.Arguments(
        b.pass, b.positions, b.slots, b.q, b.cache, b.heads, b.maxRows, config.headSize());
  }

  private SplitAttention.Arguments split(int maxKeys) {
    return new SplitAttention.Arguments(attention(), b.partial, maxKeys);
  }

  private ResidualProjection.Arguments attnProj(boolean many) {
    Source heads =
        !many && splits()
            ? Source.merged(b.heads, split(config.blockSize()))
            : Source.plain(b.heads, b.unused);
    return new ResidualProjection.Arguments(
        b.pass, Branch.ATTENTION, heads, w.attnProj, w.attnProjBias, b.x, maxRows(many), b.unused);
  }

  private GeluProjection.Arguments cFc(boolean many) {
    int form = config.gelu() == Gelu.EXACT ? gpt.kernels.Gelu.EXACT : gpt.kernels.Gelu.TANH;
    return new GeluProjection.Arguments(
        b.pass, normed(w.ln2, many), w.cFc, w.cFcBias, b.hidden, form, maxRows(many), b.unused);
  }

  private ResidualProjection.Arguments mlpProj(boolean many) {
    return new ResidualProjection.Arguments(
        b.pass,
        Branch.MLP,
        Source.plain(b.hidden, b.unused),
        w.mlpProj,
        w.mlpProjBias,
        b.x,
        maxRows(many),
        b.unused);
  }

  private LmHead.Arguments lmHead() {
    float epsilon = (float) config.layerNormEpsilon();
    Source x =
        kernels.computesNorms(false)
            ? Source.normed(b.x, b.rowOf, w.lnF, epsilon)
            : Source.plain(b.normedLast, b.unused);
    return new LmHead.Arguments(b.pass, x, w.lmHead, b.logits, b.maxLogitRows, b.unused);
  }
}
