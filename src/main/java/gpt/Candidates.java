package gpt;

import java.util.List;

/**
 * What the next token is drawn from, with every step of the sampling chain. V is the model's
 * vocabulary size.
 *
 * @param top the likeliest tokens, the likeliest first, of equals the lowest id first
 * @param logits the model's (V)
 * @param probabilities the softmax of the logits (V)
 * @param steps the steps of the chain that are on, in the order in which they are taken
 * @param chosen the token that is drawn with the seed
 */
public record Candidates(
    List<Candidate> top,
    float[] logits,
    double[] probabilities,
    List<Step> steps,
    Candidate chosen) {

  /**
   * What one step of the chain makes of the probabilities.
   *
   * @param name the step and its setting: {@code top-k 40}
   * @param probabilities after it, summing to 1; 0 for tokens that are removed (V)
   */
  public record Step(String name, double[] probabilities) {}
}
