package gpt.backend.tornado;

import gpt.engine.LoadProgress;
import gpt.kernels.Attention;
import gpt.kernels.Embedding;
import gpt.kernels.GeluProjection;
import gpt.kernels.LayerNorm;
import gpt.kernels.LmHead;
import gpt.kernels.QkvProjection;
import gpt.kernels.ResidualProjection;
import gpt.kernels.ResidualProjection.Branch;
import gpt.kernels.Source;
import gpt.kernels.SplitAttention;
import gpt.kernels.runtime.Advance;
import gpt.kernels.runtime.Feed;
import gpt.kernels.runtime.SlotCopy;
import gpt.kernels.sampling.Argmax;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.sampling.SamplingParameters;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * The forward pass as task graphs over arrays that stay on the device, in the same order and with
 * the same names as {@link gpt.backend.cpu.CpuForward}. Comments give shapes: R rows (tokens) in
 * this pass, C channels, V vocabulary, nh heads of hs channels. A sequence's keys and values are in
 * its slot of the KV cache.
 *
 * <p>A pass has three parts. First {@code feed} uploads rows and embeds them, or {@code embed}
 * embeds the tokens that the device drew last. Then {@code block} (decode) or {@code prompt} runs
 * once for each transformer block. Last {@code choose} draws the next token of each row and
 * prepares the next pass, {@code logits} copies logits to the host ({@code select} chooses their
 * rows), or {@code losses} scores target tokens.
 *
 * <p>{@code block} has decode's kernels: its rows belong to any sequences, and each weight is read
 * once for all rows. {@code prompt} has kernels for many rows of one sequence. In both, the order
 * of summation in a row does not depend on the other rows. The graphs that run for each generated
 * token are recorded as CUDA graphs, if {@code cudaGraphs} is set, in {@linkplain Graph buckets of
 * rows}.
 *
 * <p>The graph of one block runs n_layer times. One graph of all blocks is no faster on a CPU
 * device: GPT-2's shape on two cores (PoCL) takes 29.9 to 31.9 ms per token at best with either.
 * The demo model, which is launch-bound, takes 3.2 ms with one graph of all blocks instead of 4.2
 * ms. But TornadoVM compiles each task of each graph, 91 kernels instead of 14, so loading takes 8
 * to 10 s longer instead of 4 s.
 */
final class TornadoForward implements AutoCloseable {
  private final GptConfig config;
  private final DeviceWeights w;
  private final DeviceBuffers b;
  private final KernelSet kernels;
  private final int capacity;
  private final DevicePlan plan;

  private final Graph feed;
  private final Graph select;
  private final Graph embed;
  private final Graph block;
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
    DevicePlan.Arrays arrays = new DevicePlan.Arrays(b.pass, w.arrays(), b.floats(), b.ints());
    plan = new DevicePlan(device, arrays, profile, cudaGraphs ? capacity : 0);
    feed = plan.graph("feed").add("feed", kernels.feed(), feed());
    feed.add("embedding", kernels.embedding(), embedding());
    select = plan.graph("select").add("feed", kernels.feed(), feed());
    embed = plan.decodeGraph("embed").add("embedding", kernels.embedding(), embedding());
    block = block(plan.decodeGraph("block"), false);
    prompt = block(plan.graph("prompt"), true);
    choose = head(plan.decodeGraph("choose"));
    choose.add("argmax", kernels.argmax(), argmax()).add("advance", kernels.advance(), advance());
    head = head(plan.decodeGraph("head"));
    logits = head(plan.graph("logits"));
    copySlots = plan.graph("copySlots").add("cache", kernels.slotCopy(), slotCopy());
    sampling = new SamplingGraphs(plan, kernels, b.sampling, b.logits, b.pass, b.slotOf, b.chosen);
    loss = new LossGraph(plan, kernels, config, w, b);
    for (Graph end : sampling.ends()) {
      end.add("advance", kernels.advance(), advance());
      plan.out(end, b.chosen);
    }
    plan.in(feed, b.request.array());
    plan.in(select, b.request.array());
    plan.in(copySlots, b.copies);
    plan.out(choose, b.chosen);
    plan.out(logits, b.logits);
    plan.build();
  }

  /**
   * x += attn(ln1(x)); x += mlp(ln2(x)), with kernels for few rows (decode) or many (prompt). A
   * GPU's projections for few rows compute the norms themselves.
   */
  private Graph block(Graph graph, boolean many) {
    int c = config.nEmbd();
    boolean norms = !kernels.computesNorms(many);
    if (norms) {
      graph.add("ln1", kernels.layerNorm(), norm(LayerNorm.Place.ATTENTION)); // (R, C)
    }
    graph.add(
        "cAttn",
        kernels.projection(QkvProjection.VERSIONS, many, c),
        cAttn(many)); // q, keys, values
    attention(graph, many); // (R, nh, hs)
    graph.add("attnProj", kernels.projection(ResidualProjection.VERSIONS, many, c), attnProj(many));
    if (norms) {
      graph.add("ln2", kernels.layerNorm(), norm(LayerNorm.Place.MLP)); // (R, C)
    }
    graph.add(
        "cFc", kernels.projection(GeluProjection.VERSIONS, many, c), cFc(many)); // (R, nInner)
    graph.add(
        "mlpProj",
        kernels.projection(ResidualProjection.VERSIONS, many, config.nInner()),
        mlpProj(many));
    return graph;
  }

  private void attention(Graph graph, boolean many) {
    if (many) {
      graph.add("attention", kernels.prefillAttention(), attention());
    } else if (splits(config, kernels)) {
      SplitAttention.Arguments split = new SplitAttention.Arguments(attention(), b.partial);
      graph.add("splitAttention", kernels.splitAttention(), split);
      graph.add("attentionMerge", kernels.attentionMerge(), split);
    } else {
      graph.add("attention", kernels.attention(), attention());
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
        b.keyCache,
        b.valueCache,
        maxRows(many),
        capacity,
        config.nHead(),
        config.blockSize());
  }

  private Attention.Arguments attention() {
    return new Attention.Arguments(
        b.pass,
        b.positions,
        b.slots,
        b.q,
        b.keyCache,
        b.valueCache,
        b.heads,
        b.maxRows,
        capacity,
        config.nHead(),
        config.headSize(),
        config.blockSize());
  }

  private ResidualProjection.Arguments attnProj(boolean many) {
    Source heads =
        !many && splits(config, kernels)
            ? Source.merged(b.heads, new SplitAttention.Arguments(attention(), b.partial))
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

  private Argmax.Arguments argmax() {
    return new Argmax.Arguments(b.pass, b.logits, b.chosen, capacity, config.vocabSize());
  }

  private Advance.Arguments advance() {
    return new Advance.Arguments(
        b.pass, b.chosen, b.tokens, b.positions, b.slotOf, b.sampling.parameters, capacity);
  }

  private SlotCopy.Arguments slotCopy() {
    return new SlotCopy.Arguments(
        b.copies,
        b.keyCache,
        b.valueCache,
        config.nLayer(),
        capacity,
        config.nHead(),
        config.headSize(),
        config.blockSize());
  }

  // A pass.

  /**
   * Uploads and embeds the rows of {@code b.request}.
   *
   * @param rows number of rows
   */
  void feed(int rows) {
    plan.run(feed, rows);
  }

  /** Embeds the tokens that were drawn last. */
  void embed(int rows) {
    plan.run(embed, rows);
  }

  /** All blocks, for rows of any sequences. */
  void blocks(int rows) {
    for (int layer = 0; layer < config.nLayer(); layer++) {
      plan.run(block, rows);
    }
  }

  /** All blocks, for consecutive positions of one sequence. */
  void prompt(int rows) {
    for (int layer = 0; layer < config.nLayer(); layer++) {
      plan.run(prompt, rows);
    }
  }

  /** Uploads a sequence's sampling parameters, from {@code b.sampling}'s requests. */
  void startSampling() {
    plan.run(sampling.start(), 1);
  }

  /**
   * The graphs from the last block's output to the next tokens, in order; an argument of {@link
   * #choose}.
   */
  List<Graph> chain(Collection<SamplingParameters> sequences) {
    if (sequences.stream().allMatch(SamplingParameters::isPlainGreedy)) {
      return List.of(choose);
    }
    List<Graph> chain = new ArrayList<>(List.of(head));
    chain.addAll(sampling.chain(sequences));
    return chain;
  }

  /** Draws the next token of each drawn row into {@code b.chosen}, by running a {@link #chain}. */
  void choose(int rows, List<Graph> chain) {
    chain.forEach(graph -> plan.run(graph, rows));
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
    plan.run(select, rows);
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
  void compile(
      int promptLength, SamplingParameters parameters, boolean beams, LoadProgress progress) {
    List<Graph> needed = new ArrayList<>(List.of(feed, block));
    if (beams) {
      needed.add(head);
    } else {
      needed.add(embed);
      needed.addAll(chain(List.of(parameters)));
    }
    if (sampling.logprobs().isPresent() || !parameters.isPlainGreedy()) {
      needed.add(sampling.start());
    }
    sampling.logprobs().ifPresent(needed::add);
    if (promptLength > 1) {
      needed.add(prompt);
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
