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

/**
 * The forward pass as task graphs over arrays that stay on the device. Same order of operations and
 * same names as {@link gpt.backend.cpu.CpuForward}. Comments give shapes: R rows in this pass, C
 * channels, V vocabulary, nh heads of hs channels.
 *
 * <p>A pass is: {@code feed} (the host says which rows, and they are embedded) or {@code embed}
 * (the tokens that the device drew by itself), then {@code block} or {@code prompt} once for each
 * transformer block, then {@code choose} (the next token of each row, and the rows of the next
 * pass) or {@code logits} (for the host to read; {@code select} says of which rows) or {@code
 * losses} (of tokens that the host has).
 *
 * <p>{@code block} has decode's kernels, whose rows are of any sequences, and which read each
 * weight once whatever the number of rows; {@code prompt} those for many rows of one sequence. Each
 * of them computes a row the same way whatever the other rows are.
 *
 * <p>One graph of one block's tasks runs n_layer times. All blocks in one graph work too, and a
 * token takes as long: with GPT-2's shape on two cores (PoCL) 29.9 to 31.9 ms at best in either
 * shape, medians 35 to 43 and 36 to 40 ms in runs that took turns; the demo, which is bound by
 * launches, takes 4.2 instead of 3.2 ms. But each task of each graph is compiled by itself, 14
 * kernels or 91: loading took 4 s or 8 to 10 s longer than reading the weights.
 */
final class TornadoForward implements AutoCloseable {
  private final GptConfig config;
  private final DeviceWeights w;
  private final DeviceBuffers b;
  private final KernelSet kernels;
  private final int samples;
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
   * @param samples B, contexts that b has room for
   * @param cudaGraphs whether the device can record a graph's launches and replay them
   * @param profile counts what is executed; null does not
   */
  TornadoForward(
      GptConfig config,
      DeviceWeights w,
      DeviceBuffers b,
      KernelSet kernels,
      int samples,
      TornadoDevice device,
      boolean cudaGraphs,
      Profile profile) {
    this.config = config;
    this.w = w;
    this.b = b;
    this.kernels = kernels;
    this.samples = samples;
    DevicePlan.Arrays arrays = new DevicePlan.Arrays(b.pass, w.arrays(), b.floats(), b.ints());
    plan = new DevicePlan(device, arrays, profile, cudaGraphs ? samples : 0);
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

  /** x += attn(ln1(x)); x += mlp(ln2(x)), with kernels for few rows or for many. */
  private Graph block(Graph graph, boolean many) {
    graph.add("ln1", kernels.layerNorm(), norm(LayerNorm.Place.ATTENTION)); // (R, C)
    graph.add(
        "cAttn", kernels.projection(QkvProjection.VERSIONS, many), cAttn()); // q, keys, values
    attention(graph, many); // (R, nh, hs)
    graph.add("attnProj", kernels.projection(ResidualProjection.VERSIONS, many), attnProj());
    graph.add("ln2", kernels.layerNorm(), norm(LayerNorm.Place.MLP)); // (R, C)
    graph.add("cFc", kernels.projection(GeluProjection.VERSIONS, many), cFc()); // (R, nInner)
    graph.add("mlpProj", kernels.projection(ResidualProjection.VERSIONS, many), mlpProj());
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

  /** Whether decode's attention is shared among several groups a head. */
  static boolean splits(GptConfig config, KernelSet kernels) {
    return kernels.forGpu() && config.blockSize() > SplitAttention.CHUNK;
  }

  /** The logits of the rows that {@code rowOf} names. */
  private Graph head(Graph graph) {
    graph.add("lnF", kernels.layerNorm(), norm(LayerNorm.Place.FINAL)); // (logit rows, C)
    // One version, however many rows: a row's logits do not depend on the others being there.
    graph.add("lmHead", kernels.projection(LmHead.VERSIONS, false), lmHead()); // (logit rows, V)
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
              b.pass, b.x, b.rowOf, w.ln1Weight, w.ln1Bias, b.normed, b.maxRows, c, epsilon, place);
      case MLP ->
          new LayerNorm.Arguments(
              b.pass, b.x, b.rowOf, w.ln2Weight, w.ln2Bias, b.normed, b.maxRows, c, epsilon, place);
      case FINAL ->
          new LayerNorm.Arguments(
              b.pass,
              b.x,
              b.rowOf,
              w.lnFWeight,
              w.lnFBias,
              b.normedLast,
              b.maxLogitRows,
              c,
              epsilon,
              place);
    };
  }

  private QkvProjection.Arguments cAttn() {
    return new QkvProjection.Arguments(
        b.pass,
        b.positions,
        b.slots,
        b.normed,
        w.cAttn,
        w.cAttnBias,
        b.q,
        b.keyCache,
        b.valueCache,
        b.maxRows,
        samples,
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
        samples,
        config.nHead(),
        config.headSize(),
        config.blockSize());
  }

  private ResidualProjection.Arguments attnProj() {
    return new ResidualProjection.Arguments(
        b.pass, Branch.ATTENTION, b.heads, w.attnProj, w.attnProjBias, b.x, b.maxRows, b.unused);
  }

  private GeluProjection.Arguments cFc() {
    int form = config.gelu() == Gelu.EXACT ? gpt.kernels.Gelu.EXACT : gpt.kernels.Gelu.TANH;
    return new GeluProjection.Arguments(
        b.pass, b.normed, w.cFc, w.cFcBias, b.hidden, form, b.maxRows, b.unused);
  }

  private ResidualProjection.Arguments mlpProj() {
    return new ResidualProjection.Arguments(
        b.pass, Branch.MLP, b.hidden, w.mlpProj, w.mlpProjBias, b.x, b.maxRows, b.unused);
  }

  private LmHead.Arguments lmHead() {
    return new LmHead.Arguments(b.pass, b.normedLast, w.lmHead, b.logits, b.maxLogitRows, b.unused);
  }

  private Argmax.Arguments argmax() {
    return new Argmax.Arguments(b.pass, b.logits, b.chosen, samples, config.vocabSize());
  }

  private Advance.Arguments advance() {
    return new Advance.Arguments(
        b.pass, b.chosen, b.tokens, b.positions, b.slotOf, b.sampling.parameters, samples);
  }

  private SlotCopy.Arguments slotCopy() {
    return new SlotCopy.Arguments(
        b.copies,
        b.keyCache,
        b.valueCache,
        config.nLayer(),
        samples,
        config.nHead(),
        config.headSize(),
        config.blockSize());
  }

  // A pass.

  /**
   * Embeds the rows that {@code b.request} asks for.
   *
   * @param rows how many they are
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

  /** All blocks, for neighbouring positions of one sequence. */
  void prompt(int rows) {
    for (int layer = 0; layer < config.nLayer(); layer++) {
      plan.run(prompt, rows);
    }
  }

  /** A text's parameters, from {@code b.sampling}'s requests. */
  void startSampling() {
    plan.run(sampling.start(), 1);
  }

  /** What leads from the rows to the next tokens of texts, in this order: for {@link #choose}. */
  List<Graph> chain(Collection<SamplingParameters> texts) {
    if (texts.stream().allMatch(SamplingParameters::isPlainGreedy)) {
      return List.of(choose);
    }
    List<Graph> chain = new ArrayList<>(List.of(head));
    chain.addAll(sampling.chain(texts));
    return chain;
  }

  /** The next token of each drawn row, in {@code b.chosen}. */
  void choose(int rows, List<Graph> chain) {
    chain.forEach(graph -> plan.run(graph, rows));
  }

  /** The likeliest tokens of each logit row, in {@code b.sampling.top}; after its logits. */
  void likeliest(int rows) {
    sampling.logprobs().ifPresent(graph -> plan.run(graph, rows));
  }

  /** Logits of the logit rows, which stay on the device. */
  void head(int rows) {
    plan.run(head, rows);
  }

  /** Logits of the logit rows, in {@code b.logits}. */
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

  /** How well rows [from, …) of the pass foretell targets; see {@link LossGraph#run}. */
  void losses(int from, int[] targets, double[] found) {
    loss.run(from, targets, found);
  }

  /** Keys and values of contexts for others, as {@code b.copies} says, so many positions. */
  void copySlots(int length) {
    plan.run(copySlots, length);
  }

  /** Copies the weights to the device. */
  void load() {
    plan.load();
  }

  /**
   * Compiles the kernels that generating from a prompt of so many tokens needs.
   *
   * @param beams whether candidates are wanted instead of tokens
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
    if (samples > 1) {
      needed.add(copySlots);
    }
    plan.compile(needed, progress);
  }

  /** Fails once it is closed. */
  void checkOpen() {
    plan.checkOpen();
  }

  /** Frees the device's memory. */
  @Override
  public void close() {
    plan.close();
  }
}
