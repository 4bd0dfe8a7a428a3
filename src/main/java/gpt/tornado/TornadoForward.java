package gpt.tornado;

import gpt.kernels.Advance;
import gpt.kernels.Argmax;
import gpt.kernels.Attention;
import gpt.kernels.CacheCopy;
import gpt.kernels.Embedding;
import gpt.kernels.Feed;
import gpt.kernels.GeluProjection;
import gpt.kernels.LayerNorm;
import gpt.kernels.LmHead;
import gpt.kernels.QkvProjection;
import gpt.kernels.ResidualProjection;
import gpt.kernels.ResidualProjection.Branch;
import gpt.kernels.SplitAttention;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import java.util.ArrayList;
import java.util.List;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.TornadoExecutionResult;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.enums.ProfilerMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;

/**
 * The forward pass as task graphs over arrays that stay on the device. Same order of operations and
 * same names as {@link gpt.cpu.CpuBackend}. Comments give shapes: R rows in this pass, C channels,
 * V vocabulary, nh heads of hs channels.
 *
 * <p>A pass is: {@code feed} (the host says which rows, and they are embedded) or {@code embed}
 * (the rows that the device chose by itself), then {@code block} or {@code prompt} once for each
 * transformer block, then {@code choose} (the next token of each sample, and the rows of the next
 * pass) or {@code logits} (for the host to read; {@code select} says of which rows).
 *
 * <p>One graph of one block's tasks runs n_layer times. All blocks in one graph work too, and a
 * token takes as long: with GPT-2's shape on two cores (PoCL) 29.9 to 31.9 ms at best in either
 * shape, medians 35 to 43 and 36 to 40 ms in runs that took turns; the demo, which is bound by
 * launches, takes 4.2 instead of 3.2 ms. But each task of each graph is compiled by itself, 14
 * kernels or 91: loading took 4 s or 8 to 10 s longer than reading the weights.
 */
final class TornadoForward implements AutoCloseable {
  /**
   * Rows up to which a prompt takes decode's kernels, which read each weight once whatever the
   * number of rows, and are compiled anyway. With GPT-2's shape on two cores (PoCL) 16 rows take
   * 0.43 s in them, and 32 rows 0.48 s in the prompt's own, whose compilation takes 0.7 to 2.3 s.
   */
  static final int SHORT_PROMPT = 32;

  private static final String LOAD = "load";

  private final GptConfig config;
  private final DeviceWeights w;
  private final DeviceBuffers b;
  private final KernelSet kernels;
  private final int samples;
  private final boolean cudaGraphs;
  private final Profile profile;
  private final GridScheduler grids = new GridScheduler();
  private final TornadoExecutionPlan plan;

  /** All graphs but {@code load}, which is the plan's first. */
  private final List<Graph> graphs = new ArrayList<>();

  private final Graph feed;
  private final Graph select;
  private final Graph embed;
  private final Graph block;
  private final Graph prompt;
  private final Graph choose;
  private final Graph logits;
  private final Graph copy;

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
    this.cudaGraphs = cudaGraphs;
    this.profile = profile;
    feed = graph("feed").add("feed", kernels.feed(), feed());
    feed.add("embedding", kernels.embedding(), embedding());
    select = graph("select").add("feed", kernels.feed(), feed());
    embed = graph("embed").add("embedding", kernels.embedding(), embedding());
    block = block(graph("block"), false);
    prompt = block(graph("prompt"), true);
    choose = head(graph("choose"));
    choose.add("argmax", kernels.argmax(), argmax()).add("advance", kernels.advance(), advance());
    logits = head(graph("logits"));
    copy = graph("copy").add("cache", kernels.cacheCopy(), cacheCopy());
    plan = plan(device);
  }

  private Graph graph(String name) {
    Graph graph = new Graph(name, grids);
    graphs.add(graph);
    return graph;
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
    // One version, however many rows: a sample's logits do not depend on the others being there.
    graph.add("lmHead", kernels.projection(LmHead.VERSIONS, false), lmHead()); // (logit rows, V)
    return graph;
  }

  private TornadoExecutionPlan plan(TornadoDevice device) {
    TaskGraph load = LoadGraph.of(LOAD, grids, w, b);
    feed.taskGraph().transferToDevice(DataTransferMode.EVERY_EXECUTION, b.request);
    select.taskGraph().transferToDevice(DataTransferMode.EVERY_EXECUTION, b.request);
    for (Graph graph : graphs) {
      graph.taskGraph().consumeFromDevice(LOAD, LoadGraph.arrays(w, b));
      // After any other graph nothing is taken over that is not there already: an array that both
      // have is named, or the runtime would look for all of them.
      for (Graph before : graphs) {
        graph.taskGraph().consumeFromDevice(before.name(), b.pass);
      }
    }
    choose.taskGraph().transferToHost(DataTransferMode.EVERY_EXECUTION, b.chosen);
    logits.taskGraph().transferToHost(DataTransferMode.EVERY_EXECUTION, b.logits);
    List<ImmutableTaskGraph> all = new ArrayList<>(List.of(load.snapshot()));
    graphs.forEach(graph -> all.add(graph.taskGraph().snapshot()));
    TornadoExecutionPlan made =
        new TornadoExecutionPlan(all.toArray(ImmutableTaskGraph[]::new)).withDevice(device);
    return profile == null ? made : made.withProfiler(ProfilerMode.SILENT);
  }

  // The tasks' arguments.

  private Feed.Arguments feed() {
    return new Feed.Arguments(
        b.request, b.pass, b.tokens, b.positions, b.slots, b.rowOf, b.maxRows, b.maxLogitRows);
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
    return new Advance.Arguments(b.pass, b.chosen, b.tokens, b.positions, b.slots, b.rowOf);
  }

  private CacheCopy.Arguments cacheCopy() {
    return new CacheCopy.Arguments(
        b.pass,
        b.positions,
        b.rowOf,
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
    run(feed, rows);
  }

  /** Embeds the rows that the last {@link #choose} made. */
  void embed(int rows) {
    run(embed, rows);
  }

  /** All blocks. */
  void blocks(int rows) {
    Graph graph = few(rows) ? block : prompt;
    for (int layer = 0; layer < config.nLayer(); layer++) {
      run(graph, rows);
    }
  }

  private boolean few(int rows) {
    // A recorded graph has the grid it was recorded with.
    return cudaGraphs ? rows == samples : rows <= Math.max(SHORT_PROMPT, samples);
  }

  /** The next token of each sample, in {@code b.chosen}. */
  void choose(int rows) {
    run(choose, rows);
  }

  /** Logits of the logit rows, in {@code b.logits}. */
  void logits(int rows) {
    run(logits, rows);
  }

  /** As {@link #logits(int)}, for rows [from, from + rows) of the pass. */
  void logitRows(int from, int rows) {
    b.request.set(0, 0);
    b.request.set(1, rows);
    for (int r = 0; r < rows; r++) {
      b.request.set(Feed.HEADER + 3 * b.maxRows + r, from + r);
    }
    run(select, rows);
    run(logits, rows);
  }

  /** Keys and values of sample 0, positions 0 to {@code length} − 1, for all samples. */
  void copyCache(int length) {
    run(copy, length);
  }

  // Execution.

  /** Copies the weights to the device. */
  void load() {
    guarded("copying the weights", () -> execute(0, 0));
  }

  /** Compiles the kernels that generating from a prompt of so many tokens needs. */
  void compile(int promptLength, Progress progress) {
    List<Graph> needed = new ArrayList<>(List.of(feed, embed, block, choose));
    if (!few(promptLength)) {
      needed.add(prompt);
    }
    if (samples > 1) {
      needed.add(copy);
    }
    int total = needed.stream().mapToInt(Graph::kernels).sum();
    int done = 0;
    for (Graph graph : needed) {
      progress.compiling(done, total);
      guarded("compiling", () -> select(graph).withPreCompilation());
      done += graph.kernels();
    }
    progress.compiling(total, total);
  }

  private TornadoExecutionPlan select(Graph graph) {
    return plan.withGraph(index(graph)).withGridScheduler(grids);
  }

  private int index(Graph graph) {
    return 1 + graphs.indexOf(graph);
  }

  private void run(Graph graph, int rows) {
    graph.resize(rows);
    guarded(
        "running task graph " + graph.name(),
        () -> {
          if (!graph.attached()) {
            execute(0, 0); // copies nothing again, and hands over what it owns
            if (cudaGraphs && (graph == embed || graph == block || graph == choose)) {
              plan.withGraph(index(graph)).withCUDAGraph();
            }
            graph.attach();
          }
          execute(index(graph), graph.kernels());
        });
  }

  private void execute(int index, int launches) {
    TornadoExecutionResult result = plan.withGraph(index).withGridScheduler(grids).execute();
    if (profile != null) {
      profile.add(result.getProfilerResult(), launches);
    }
  }

  private static void guarded(String doing, Runnable action) {
    try {
      action.run();
    } catch (OutOfMemoryError e) {
      throw e; // the host's
    } catch (RuntimeException | Error e) {
      throw TornadoVm.failure(doing, e);
    }
  }

  /** Frees the device's memory. */
  @Override
  public void close() {
    try {
      // By their owners only: the runtime takes a second release for a fatal error.
      for (Graph owner : List.of(feed, select)) {
        plan.withGraph(index(owner)).freeDeviceMemory();
      }
      plan.withGraph(0).freeDeviceMemory();
      plan.close();
    } catch (TornadoExecutionPlanException e) {
      throw TornadoVm.failure("freeing the device's memory", e);
    }
  }
}
