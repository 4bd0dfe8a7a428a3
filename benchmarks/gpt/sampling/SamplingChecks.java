package gpt.sampling;

import java.util.Locale;

/** What the sampler draws, against the chain that sorts, in double precision. */
public final class SamplingChecks {
  private SamplingChecks() {}

  /**
   * Draws a token and says what is wrong with it: an id that the chain has cut, or another
   * probability than the chain's.
   *
   * @return null where nothing is
   */
  public static String wrong(
      SamplingParameters parameters,
      float[] logits,
      History history,
      int step,
      HostSampler sampler) {
    int id = sampler.sample(logits, history, 0, step);
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
    // Where a cut falls among equals is rounding's.
    if (Math.abs(sampler.probability() - expected) <= 1e-3 * expected + 1e-9) {
      return null;
    }
    return String.format(
        Locale.ROOT,
        "id %d has probability %.3g, expected %.3g",
        id,
        sampler.probability(),
        expected);
  }

  /** The steps that greedy decoding has, at a temperature that changes nothing. */
  private static SamplingParameters penaltiesOf(SamplingParameters parameters) {
    return SamplingParameters.builder()
        .temperature(1)
        .repetitionPenalty(parameters.repetitionPenalty())
        .frequencyPenalty(parameters.frequencyPenalty())
        .presencePenalty(parameters.presencePenalty())
        .build();
  }
}
