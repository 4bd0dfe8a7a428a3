package gpt.backend.tornado;

import gpt.engine.LoadProgress;
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
import java.util.ArrayList;
import java.util.List;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * The forward pass as task graphs over arrays that stay on the device, in the same order and with
 * the same names as {@link gpt.backend.cpu.CpuForward}. Comments give shapes: R rows (tokens) in
 * this pass, C channels, V vocabulary, nh heads of hs channels. A sequence's keys and values are in
 * its slot of the KV cache.
 *
 * <p>{@code feed} uploads the rows of a pass, unless the device has them. Then a decode pass runs
 * {@link DecodeGraphs}, embedding and transformer blocks; a prompt's runs {@code embed}, and {@code
 * prompt} once for each block. Last {@code choose} draws the next token of each row and makes it
 * the row of the next pass, {@code logits} copies logits to the host, or {@code losses} scores
 * target tokens.
 *
 * <p>Decode's blocks have rows that belong to any sequences, and read each weight once for all
 * rows. {@code prompt} has kernels for many rows of one sequence. In both, the order of summation
 * in a row does not depend on the other rows. The graphs that run for each generated token are
 * recorded as CUDA graphs, if {@code cudaGraphs} is set, in {@linkplain Graph buckets of rows}.
 *
 * <p>On a CPU device the graph of one block runs n_layer times. One graph of all blocks is no
 * faster there: GPT-2's shape on two cores (PoCL) takes 29.9 to 31.9 ms per token at best with
 * either. The demo model, which is launch-bound, takes 3.2 ms with one graph of all blocks instead
 * of 4.2 ms. But TornadoVM compiles each task of each graph, 91 kernels instead of 14, so loading
 * takes 8 to 10 s longer instead of 4 s.
 */
final class TornadoForward implements AutoCloseable {
  private final GptConfig config;
  private final DeviceWeights w;
  private final DeviceBuffers b;
  private final KernelSet kernels;
  private final int capacity;
  private final DevicePlan plan;

  private final Graph feed;
  private final DecodeGraphs decode;
  private final Graph embed;
  private final Graph prompt;
  private final Graph choose;
  private final Graph head;
  private final Graph logits;
  private final Graph copySlots;
  private final SamplingGraphs sampling;
  private final LossGraph loss;

  /**
   * Builds the graphs; nothing is compiled or copied yet.
   *
   * @param capacity B: number of sequences that {@code b} has room for
   * @param cudaGraphs whether to record the graphs of decode as CUDA graphs and replay them
   * @param profile counts launches, times and copied bytes; null to count nothing
   */
  TornadoForward(
      GptConfig config,
      DeviceWeights w,
      DeviceBuffers b,
      KernelSet kernels,
      int capacity,
      TornadoDevice device,
      boolean cudaGraphs,
      Profile profile) {
    this.config = config;
    this.w = w;
    this.b = b;
    this.kernels = kernels;
    this.capacity = capacity;
    DevicePlan.Arrays arrays =
        new DevicePlan.Arrays(b.pass, w.arrays(), b.floats(), b.halves(), b.ints());
    plan = new DevicePlan(device, arrays, profile, cudaGraphs ? capacity : 0);
    feed = plan.graph("feed").add("feed", kernels.feed(), feed());
    embed = embedding(plan.graph("embed"));
    decode = new DecodeGraphs(plan, config, splits(config, kernels), this::embedding, this::block);
    prompt = block(plan.graph("prompt"), "", 0);
    choose = head(plan.decodeGraph("choose"));
    head = head(plan.decodeGraph("head"));
    logits = head(plan.graph("logits"));
    copySlots = plan.graph("copySlots").add("cache", kernels.slotCopy(), slotCopy());
    sampling = new SamplingGraphs(plan, kernels, b.sampling, chosenRows());
    sampling.addChain(choose);
    loss = new LossGraph(plan, kernels, config, w, b);
    plan.in(feed, b.request.array());
    plan.in(copySlots, b.copies);
    plan.out(choose, b.chosen);
    plan.out(logits, b.logits);
    plan.build();
  }

  /** x = wte + wpe of each row's token. */
  private Graph embedding(Graph graph) {
    return graph.add("embedding", kernels.embedding(), embedding()); // (R, C)
  }

  /**
   * x += attn(ln1(x)); x += mlp(ln2(x)), with kernels for few rows (decode) or many (prompt). A
   * GPU's projections for few rows compute the norms themselves.
   *
   * @param id suffix of the tasks' ids
   * @param maxKeys for decode, the most keys that a row has; 0 for a prompt
   */
  private Graph block(Graph graph, String id, int maxKeys) {
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
    } else if (splits(config, kernels)) {
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
  static boolean splits(GptConfig config, KernelSet kernels) {
    return kernels.forGpu() && config.blockSize() > SplitAttention.CHUNK;
  }

  /** The logits of the rows in {@code rowOf}. */
  private Graph head(Graph graph) {
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

  private Feed.Arguments feed() {
    return new Feed.Arguments(
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
  }

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
        !many && splits(config, kernels)
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

  private SamplingGraphs.Rows chosenRows() {
    return new SamplingGraphs.Rows(b.pass, b.logits, b.slotOf, b.chosen, b.tokens, b.positions);
  }

  private SlotCopy.Arguments slotCopy() {
    return new SlotCopy.Arguments(b.copies, b.cache, config.nLayer(), config.headSize());
  }

  // A pass.

  /**
   * Uploads the rows of {@code b.request}.
   *
   * @param rows number of rows
   */
  void feed(int rows) {
    plan.run(feed, rows);
  }

  /**
   * Embedding and all blocks, for rows of any sequences.
   *
   * @param keys the most keys that a row has
   */
  void decode(int rows, int keys) {
    decode.graphs(keys).forEach(graph -> plan.run(graph, rows));
  }

  /** Embedding and all blocks, for consecutive positions of one sequence. */
  void prompt(int rows) {
    plan.run(embed, rows);
    for (int layer = 0; layer < config.nLayer(); layer++) {
      plan.run(prompt, rows);
    }
  }

  /** Uploads a sequence's sampling parameters, from {@code b.sampling}'s requests. */
  void startSampling() {
    plan.run(sampling.start(), 1);
  }

  /** Draws the next token of each drawn row into {@code b.chosen} and the next pass's rows. */
  void choose(int rows) {
    plan.run(choose, rows);
  }

  /**
   * Finds the likeliest tokens of each logit row, into {@code b.sampling.top}. The logits must have
   * been computed.
   */
  void likeliest(int rows) {
    sampling.logprobs().ifPresent(graph -> plan.run(graph, rows));
  }

  /** Computes the logits of the logit rows; they stay on the device. */
  void head(int rows) {
    plan.run(head, rows);
  }

  /** Computes the logits of the logit rows and copies them to {@code b.logits}. */
  void logits(int rows) {
    plan.run(logits, rows);
  }

  /** As {@link #logits(int)}, for rows [from, from + rows) of the pass. */
  void logitRows(int from, int rows) {
    b.request.begin();
    for (int r = 0; r < rows; r++) {
      b.request.logitRow(from + r, 0);
    }
    plan.run(feed, rows);
    plan.run(logits, rows);
  }

  /** Cross-entropy of targets, for rows [from, …) of the pass; see {@link LossGraph#run}. */
  void losses(int from, int[] targets, double[] found) {
    loss.run(from, targets, found);
  }

  /** Copies keys and values between slots, as {@code b.copies} says. */
  void copySlots(int positions) {
    plan.run(copySlots, positions);
  }

  /** Copies the weights to the device. */
  void load() {
    plan.load();
  }

  /**
   * Compiles the kernels that generation from a prompt of {@code promptLength} tokens needs.
   *
   * @param beams whether for beam search, which finds candidates instead of drawing tokens
   */
  void compile(int promptLength, boolean beams, LoadProgress progress) {
    List<Graph> needed = new ArrayList<>(List.of(feed));
    needed.addAll(decode.all());
    needed.add(beams ? head : choose);
    needed.add(sampling.start());
    sampling.logprobs().ifPresent(needed::add);
    if (promptLength > 1) {
      needed.addAll(List.of(embed, prompt));
    }
    if (capacity > 1) {
      needed.add(copySlots);
    }
    plan.compile(needed, progress);
  }

  /** Throws after {@link #close}. */
  void checkOpen() {
    plan.checkOpen();
  }

  /** Frees the device's memory. */
  @Override
  public void close() {
    plan.close();
  }
}
