package gpt.sampling;

import java.util.List;

/**
 * How one token was drawn: the probabilities before and after each step of the chain, recorded by
 * the sampler while it draws.
 *
 * @param parameters of the chain
 * @param step index of the token in its completion
 * @param logits the model's logits (V)
 * @param adjusted the logits after penalties, biases and the minimum of new tokens; −∞ for banned
 *     tokens (V)
 * @param probabilities the softmax of the model's logits (V)
 * @param afterTemperature the probabilities after the temperature, also if that is 1, before any
 *     filter; 0 below 2⁻⁴⁴ of the likeliest token's (V)
 * @param stages the probabilities after each step that is on, in order
 * @param random the random number of the draw, in [0, 1); not used at temperature 0
 * @param chosen the drawn token id
 */
public record ChainTrace(
    SamplingParameters parameters,
    int step,
    float[] logits,
    float[] adjusted,
    double[] probabilities,
    double[] afterTemperature,
    List<Stage> stages,
    double random,
    int chosen) {

  /**
   * The probabilities after one step.
   *
   * @param step the step
   * @param probabilities sum to 1; 0 for masked tokens. For steps on logits their softmax, later
   *     the chain's renormalized weights (V)
   */
  public record Stage(ChainStep step, double[] probabilities) {}

  /** The probabilities after the last step, which the token was drawn with (V). */
  public double[] drawn() {
    boolean filtered = !stages.isEmpty() && stages.getLast().step().isFilter();
    return filtered ? stages.getLast().probabilities() : afterTemperature;
  }

  /** Whether the token was drawn at random, not greedily. */
  public boolean isRandom() {
    return parameters.temperature() != 0;
  }

  /**
   * The token ids with the largest logits, in descending order, ties by ascending id.
   *
   * @param n how many; at most V are returned
   */
  public int[] likeliest(int n) {
    return Logprobs.of(logits, logits.length, chosen, Math.min(n, logits.length)).ids();
  }

  /** Log-probability of a token by the model's logits, before the chain, in nats. */
  public double logProbability(int id) {
    return Logprobs.of(logits, logits.length, id, 1).chosen();
  }

  /** Rank of a token by the model's logits, ties by ascending id; 1 is the likeliest. */
  public int rank(int id) {
    return Logprobs.rank(logits, logits.length, id);
  }
}
