package gpt.backend.tornado;

import gpt.kernels.sampling.Argmax;
import gpt.kernels.sampling.Distances;
import gpt.kernels.sampling.Draw;
import gpt.kernels.sampling.LogitSteps;
import gpt.kernels.sampling.Moments;
import gpt.kernels.sampling.Sampling;
import gpt.kernels.sampling.SamplingStart;
import gpt.kernels.sampling.SelectDigit;
import gpt.kernels.sampling.Tally;
import gpt.kernels.sampling.TopTokens;
import gpt.sampling.ChainConstants;
import gpt.sampling.SamplingParameters;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The sampling chain as task graphs, in the same order of steps as {@link
 * gpt.sampling.HostSampler}: from logits on the device to chosen ids on the device.
 *
 * <p>A graph runs only if its step is on for one of the sequences. Kernels read parameters from an
 * array, so changing them needs no compilation.
 */
final class SamplingGraphs {
  private final KernelSet kernels;
  private final SamplingBuffers s;
  private final FloatArray logits;
  private final IntArray pass;
  private final IntArray slotOf;
  private final IntArray chosen;

  private final Graph start;
  private final Graph steps;
  private final Graph topK;
  private final Graph topP;
  private final Graph typicalP;
  private final Graph draw;
  private final Graph greedy;
  private final Graph mixed;
  private final Graph logprobs;

  /**
   * Builds the graphs.
   *
   * @param logits (logit rows, V)
   * @param pass has the number of logit rows; see {@link gpt.kernels.runtime.Pass}
   * @param slotOf the slot of each logit row
   * @param chosen receives the ids (B)
   */
  SamplingGraphs(
      DevicePlan plan,
      KernelSet kernels,
      SamplingBuffers buffers,
      FloatArray logits,
      IntArray pass,
      IntArray slotOf,
      IntArray chosen) {
    this.kernels = kernels;
    this.s = buffers;
    this.logits = logits;
    this.pass = pass;
    this.slotOf = slotOf;
    this.chosen = chosen;
    start = plan.graph("samplingStart").add("start", SamplingStart.ID_PER_THREAD, startArguments());
    plan.in(start, s.intRequest, s.floatRequest);
    steps = plan.decodeGraph("logitSteps");
    steps.add("steps", kernels.logitSteps(), logitSteps(false));
    steps.add("distances", kernels.distances(), distances(false));
    topK = search(plan.decodeGraph("topK"), Sampling.KIND_TOP_K);
    topP = search(plan.decodeGraph("topP"), Sampling.KIND_TOP_P);
    typicalP = plan.decodeGraph("typicalP").add("moments", kernels.moments(), moments());
    search(typicalP, Sampling.KIND_TYPICAL_P);
    draw = search(plan.decodeGraph("draw"), Sampling.KIND_DRAW);
    draw.add("id", Draw.SAMPLE_PER_THREAD, draw());
    greedy = plan.decodeGraph("greedy").add("argmax", kernels.argmax(), argmax());
    greedy.add("id", Draw.SAMPLE_PER_THREAD, draw());
    mixed = search(plan.decodeGraph("mixed"), Sampling.KIND_DRAW);
    mixed.add("argmax", kernels.argmax(), argmax());
    mixed.add("id", Draw.SAMPLE_PER_THREAD, draw());
    if (s.logprobs > 0) {
      // After the draw, if there is one; for all logit rows.
      logprobs = plan.decodeGraph("logprobs").add("logits", kernels.logitSteps(), logitSteps(true));
      logprobs.add("distances", kernels.distances(), distances(true));
      search(logprobs, Sampling.KIND_LOGPROBS).add("top", kernels.topTokens(), topTokens());
      plan.out(logprobs, s.top);
    } else {
      logprobs = null;
    }
  }

  /** Adds the {@link #usual} chain as tasks of one graph. */
  void addUsual(Graph graph) {
    graph.add("steps", kernels.logitSteps(), logitSteps(false));
    graph.add("distances", kernels.distances(), distances(false));
    search(graph, Sampling.KIND_TOP_K);
    search(graph, Sampling.KIND_DRAW).add("id", Draw.SAMPLE_PER_THREAD, draw());
  }

  /** The chain of the default parameters. */
  List<Graph> usual() {
    return List.of(steps, topK, draw);
  }

  /** Radix select, one digit per level: a histogram of each chunk, then the digit. */
  private Graph search(Graph graph, int kind) {
    for (int level = s.layout.firstLevel(kind); level <= s.layout.lastLevel(kind); level++) {
      graph.add("tally" + kind + "x" + level, kernels.tally(), tally(kind, level));
      graph.add(
          "selectDigit" + kind + "x" + level, kernels.selectDigit(), selectDigit(kind, level));
    }
    return graph;
  }

  /** Uploads a sequence's parameters. */
  Graph start() {
    return start;
  }

  /**
   * The graphs from logits to the next tokens, in order: those of the steps that are on for at
   * least one sequence. They change nothing for the other sequences.
   */
  List<Graph> chain(Collection<SamplingParameters> sequences) {
    List<Graph> chain = new ArrayList<>(List.of(steps));
    List<ChainConstants> drawn =
        sequences.stream().filter(p -> p.temperature() > 0).map(ChainConstants::of).toList();
    if (drawn.stream().anyMatch(p -> p.topK() > 0 && p.topK() < s.vocabSize)) {
      chain.add(topK);
    }
    if (drawn.stream().anyMatch(p -> p.topPFraction() < ChainConstants.FRACTION_ONE)) {
      chain.add(topP);
    }
    if (drawn.stream().anyMatch(p -> p.typicalPFraction() < ChainConstants.FRACTION_ONE)) {
      chain.add(typicalP);
    }
    chain.add(drawn.isEmpty() ? greedy : drawn.size() == sequences.size() ? draw : mixed);
    return chain;
  }

  /** Finds the likeliest tokens of all logit rows; empty if no sequence may ask for them. */
  Optional<Graph> logprobs() {
    return Optional.ofNullable(logprobs);
  }

  /** The graphs that end a chain: each writes the chosen ids. */
  List<Graph> ends() {
    return List.of(draw, greedy, mixed);
  }

  // The tasks' arguments.

  private SamplingStart.Arguments startArguments() {
    return new SamplingStart.Arguments(
        s.intRequest, s.floatRequest, s.parameters, s.factors, s.seen, s.bias, s.vocabSize);
  }

  private LogitSteps.Arguments logitSteps(boolean raw) {
    return new LogitSteps.Arguments(
        pass,
        slotOf,
        s.parameters,
        s.factors,
        logits,
        s.seen,
        s.bias,
        s.values,
        s.maxima,
        s.capacity,
        s.layout,
        raw);
  }

  private Distances.Arguments distances(boolean raw) {
    return new Distances.Arguments(
        pass,
        slotOf,
        s.factors,
        s.values,
        s.maxima,
        s.distances,
        s.cuts,
        s.capacity,
        s.layout,
        raw);
  }

  private TopTokens.Arguments topTokens() {
    return new TopTokens.Arguments(
        pass, s.distances, s.cuts, chosen, s.top, s.capacity, s.vocabSize, s.logprobs);
  }

  private Tally.Arguments tally(int kind, int level) {
    return new Tally.Arguments(
        pass, slotOf, s.parameters, s.distances, s.cuts, s.sums, s.capacity, s.layout, kind, level);
  }

  private SelectDigit.Arguments selectDigit(int kind, int level) {
    return new SelectDigit.Arguments(
        pass, slotOf, s.parameters, s.sums, s.cuts, s.capacity, s.layout, kind, level);
  }

  private Moments.Arguments moments() {
    return new Moments.Arguments(
        pass, slotOf, s.parameters, s.distances, s.cuts, s.capacity, s.vocabSize);
  }

  private Argmax.Arguments argmax() {
    return new Argmax.Arguments(pass, s.values, chosen, s.capacity, s.vocabSize);
  }

  private Draw.Arguments draw() {
    return new Draw.Arguments(
        pass, slotOf, s.parameters, s.cuts, chosen, s.seen, s.capacity, s.vocabSize);
  }
}
