package gpt.sampling;

import java.util.List;

/**
 * How one token was drawn: what the sampler had before and after each step of its chain. The
 * numbers are the sampler's own, read from it while it draws.
 *
 * @param parameters what it was drawn with
 * @param step index of the token in its text
 * @param logits the model's (V)
 * @param adjusted the logits as the temperature takes them: after penalties, biases and the minimum
 *     of new tokens; −∞ for what is banned (V)
 * @param probabilities the softmax of the model's logits (V)
 * @param afterTemperature after the temperature, also where that is 1: what the draw counts with if
 *     nothing is cut; 0 for what is less than 2⁻⁴⁴ of the likeliest (V)
 * @param stages what each step that is on made of them, in order
 * @param random the random number that the token was drawn with, in [0, 1); of no use at
 *     temperature 0
 * @param chosen the token
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
   * What one step made.
   *
   * @param step the step
   * @param probabilities after it, summing to 1: for steps on logits their softmax, later what the
   *     draw counts with; 0 for ids that are out (V)
   */
  public record Stage(ChainStep step, double[] probabilities) {}

  /** The probabilities that the token was drawn with: after the last step (V). */
  public double[] drawn() {
    boolean cut = !stages.isEmpty() && stages.getLast().step().isFilter();
    return cut ? stages.getLast().probabilities() : afterTemperature;
  }

  /** Whether a random number decided. */
  public boolean isRandom() {
    return parameters.temperature() != 0;
  }

  /**
   * The ids that the model finds likeliest, the likeliest first, the lowest id of equals first.
   *
   * @param n how many; all where there are fewer
   */
  public int[] likeliest(int n) {
    return Logprobs.of(logits, logits.length, chosen, Math.min(n, logits.length)).ids();
  }

  /** The model's own log-probability of an id, in nats. */
  public double logProbability(int id) {
    return Logprobs.of(logits, logits.length, id, 1).chosen();
  }

  /** How many ids the model finds likelier than this one, and of equals have a lower id; plus 1. */
  public int rank(int id) {
    int rank = 1;
    for (int other = 0; other < logits.length; other++) {
      if (logits[other] > logits[id] || (logits[other] == logits[id] && other < id)) {
        rank++;
      }
    }
    return rank;
  }
}
