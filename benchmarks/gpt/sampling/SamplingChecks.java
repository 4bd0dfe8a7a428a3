package gpt.sampling;

import java.util.Locale;

/** Checks the sampler against the chain in double precision with sorting. */
public final class SamplingChecks {
  private SamplingChecks() {}

  /**
   * Draws a token and checks that the chain keeps it, and its probability.
   *
   * @return what is wrong; null if nothing is
   */
  public static String wrong(
      SamplingParameters parameters,
      float[] logits,
      History history,
      int step,
      HostSampler sampler) {
    ChainTrace trace = sampler.trace(logits, history, 0, step);
    int id = trace.chosen();
    boolean greedy = parameters.temperature() == 0;
    double[] chain =
        DoubleChain.of(logits, history, greedy ? penaltiesOf(parameters) : parameters, step).logits;
    double largest = Double.NEGATIVE_INFINITY;
    for (double logit : chain) {
      largest = Math.max(largest, logit);
    }
    if (greedy) {
      return chain[id] >= largest - 1e-5 ? null : "id " + id + " is not the likeliest";
    }
    double sum = 0;
    for (double logit : chain) {
      sum += Math.exp(logit - largest);
    }
    double expected = Math.exp(chain[id] - largest) / sum;
    // Which of several ties a filter removes depends on rounding.
    double found = trace.drawn()[id];
    if (Math.abs(found - expected) <= 1e-3 * expected + 1e-9) {
      return null;
    }
    return String.format(
        Locale.ROOT, "id %d has probability %.3g, expected %.3g", id, found, expected);
  }

  /** The penalties alone, at temperature 1: what greedy decoding applies. */
  private static SamplingParameters penaltiesOf(SamplingParameters parameters) {
    return SamplingParameters.builder()
        .temperature(1)
        .repetitionPenalty(parameters.repetitionPenalty())
        .frequencyPenalty(parameters.frequencyPenalty())
        .presencePenalty(parameters.presencePenalty())
        .build();
  }
}
