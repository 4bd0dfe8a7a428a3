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
 * The sampling chain as task graphs: same order of steps as {@link gpt.sampling.HostSampler}. It
 * takes logits on the device wherever they come from, and leaves the chosen ids there.
 *
 * <p>A step of the chain that is off costs nothing: its graph is not run. Numbers of a step change
 * without a compilation, since kernels read them from an array.
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
   * Makes the graphs.
   *
   * @param logits (logit rows, V)
   * @param pass says how many logit rows there are; see {@link gpt.kernels.runtime.Pass}
   * @param slotOf the slot of each of them
   * @param chosen where ids go (B)
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
      // Behind the draw, if there is one, of all logit rows.
      logprobs = plan.decodeGraph("logprobs").add("logits", kernels.logitSteps(), logitSteps(true));
      logprobs.add("distances", kernels.distances(), distances(true));
      search(logprobs, Sampling.KIND_LOGPROBS).add("top", kernels.topTokens(), topTokens());
      plan.out(logprobs, s.top);
    } else {
      logprobs = null;
    }
  }

  /** Every digit of a search: sums of all chunks, then which digit it is. */
  private Graph search(Graph graph, int kind) {
    for (int level = s.layout.firstLevel(kind); level <= s.layout.lastLevel(kind); level++) {
      graph.add("tally" + level, kernels.tally(), tally(kind, level));
      graph.add("selectDigit" + level, kernels.selectDigit(), selectDigit(kind, level));
    }
    return graph;
  }

  /** The graph that takes a text's parameters over from the host. */
  Graph start() {
    return start;
  }

  /**
   * What leads from logits to the next tokens, in this order: each step that is on for one of the
   * texts. For the others it changes nothing.
   */
  List<Graph> chain(Collection<SamplingParameters> texts) {
    List<Graph> chain = new ArrayList<>(List.of(steps));
    List<ChainConstants> drawn =
        texts.stream().filter(text -> text.temperature() > 0).map(ChainConstants::of).toList();
    if (drawn.stream().anyMatch(text -> text.topK() > 0 && text.topK() < s.vocabSize)) {
      chain.add(topK);
    }
    if (drawn.stream().anyMatch(text -> text.topPFraction() < ChainConstants.WHOLE)) {
      chain.add(topP);
    }
    if (drawn.stream().anyMatch(text -> text.typicalPFraction() < ChainConstants.WHOLE)) {
      chain.add(typicalP);
    }
    chain.add(drawn.isEmpty() ? greedy : drawn.size() == texts.size() ? draw : mixed);
    return chain;
  }

  /** What brings the likeliest tokens of all logit rows; runs behind any chain, or none. */
  Optional<Graph> logprobs() {
    return Optional.ofNullable(logprobs);
  }

  /** The last graphs of all chains, after which the chosen ids are there. */
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
        s.samples,
        s.layout,
        raw);
  }

  private Distances.Arguments distances(boolean raw) {
    return new Distances.Arguments(
        pass, slotOf, s.factors, s.values, s.maxima, s.distances, s.cuts, s.samples, s.layout, raw);
  }

  private TopTokens.Arguments topTokens() {
    return new TopTokens.Arguments(
        pass, s.distances, s.cuts, chosen, s.top, s.samples, s.vocabSize, s.logprobs);
  }

  private Tally.Arguments tally(int kind, int level) {
    return new Tally.Arguments(
        pass, slotOf, s.parameters, s.distances, s.cuts, s.sums, s.samples, s.layout, kind, level);
  }

  private SelectDigit.Arguments selectDigit(int kind, int level) {
    return new SelectDigit.Arguments(
        pass, slotOf, s.parameters, s.sums, s.cuts, s.samples, s.layout, kind, level);
  }

  private Moments.Arguments moments() {
    return new Moments.Arguments(
        pass, slotOf, s.parameters, s.distances, s.cuts, s.samples, s.vocabSize);
  }

  private Argmax.Arguments argmax() {
    return new Argmax.Arguments(pass, s.values, chosen, s.samples, s.vocabSize);
  }

  private Draw.Arguments draw() {
    return new Draw.Arguments(
        pass, slotOf, s.parameters, s.cuts, chosen, s.seen, s.samples, s.vocabSize);
  }
}
