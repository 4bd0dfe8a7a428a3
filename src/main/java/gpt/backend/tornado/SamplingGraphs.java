package gpt.backend.tornado;

import gpt.kernels.sampling.SamplingChain;
import gpt.kernels.sampling.SamplingStart;
import gpt.kernels.sampling.TopTokens;
import java.util.Optional;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The kernels that choose tokens, in task graphs: from logits on the device to ids on the device.
 * They read each sequence's parameters from an array, so one graph serves all settings.
 */
final class SamplingGraphs {
  /**
   * The arrays of the forward pass that they read and write.
   *
   * @param pass see {@link gpt.kernels.runtime.Pass}
   * @param logits (logit rows, V)
   * @param slotOf the slot of each logit row
   * @param chosen receives the ids (B)
   * @param tokens receives the next step's tokens (R)
   * @param positions receives the next step's positions (R)
   */
  record Rows(
      IntArray pass,
      FloatArray logits,
      IntArray slotOf,
      IntArray chosen,
      IntArray tokens,
      IntArray positions) {}

  private final KernelSet kernels;
  private final SamplingBuffers s;
  private final Rows rows;
  private final Graph start;
  private final Graph logprobs;

  SamplingGraphs(DevicePlan plan, KernelSet kernels, SamplingBuffers buffers, Rows rows) {
    this.kernels = kernels;
    this.s = buffers;
    this.rows = rows;
    start = plan.graph("samplingStart").add("start", SamplingStart.ID_PER_THREAD, startArguments());
    plan.in(start, s.intRequest, s.floatRequest);
    if (s.logprobs > 0) {
      // After the draw, if there is one; for all logit rows.
      logprobs = plan.decodeGraph("logprobs").add("top", kernels.topTokens(), topTokens());
      plan.out(logprobs, s.top);
    } else {
      logprobs = null;
    }
  }

  /** Uploads a sequence's parameters. */
  Graph start() {
    return start;
  }

  /**
   * Appends the sampling chain, which draws the next tokens and makes them the next step's rows.
   */
  void addChain(Graph graph) {
    graph.add("samplingChain", kernels.samplingChain(), chain());
  }

  /** Finds the likeliest tokens of all logit rows; empty if no sequence may ask for them. */
  Optional<Graph> logprobs() {
    return Optional.ofNullable(logprobs);
  }

  // The tasks' arguments.

  private SamplingStart.Arguments startArguments() {
    return new SamplingStart.Arguments(
        s.intRequest, s.floatRequest, s.parameters, s.factors, s.seen, s.bias, s.vocabSize);
  }

  private SamplingChain.Arguments chain() {
    return new SamplingChain.Arguments(
        rows.pass,
        rows.slotOf,
        s.parameters,
        s.factors,
        rows.logits,
        s.seen,
        s.bias,
        s.distances,
        rows.chosen,
        rows.tokens,
        rows.positions,
        s.vocabSize);
  }

  private TopTokens.Arguments topTokens() {
    return new TopTokens.Arguments(
        rows.pass,
        rows.slotOf,
        s.parameters,
        rows.logits,
        s.distances,
        rows.chosen,
        s.top,
        s.vocabSize,
        s.logprobs);
  }
}
