package gpt;

import java.util.List;

/**
 * The distribution that the next token is sampled from, after each step of the sampling chain. V is
 * the model's vocabulary size.
 *
 * @param top the likeliest tokens by the model, likeliest first, of equal ones the lowest id first
 * @param logits the model's logits (V)
 * @param probabilities the softmax of the logits (V)
 * @param steps the steps of the chain that are on, in order
 * @param chosen the token that is drawn with the options' seed
 */
public record Candidates(
    List<Candidate> top,
    float[] logits,
    double[] probabilities,
    List<Step> steps,
    Candidate chosen) {

  /**
   * The probabilities after one step of the chain.
   *
   * @param name the step and its value: {@code top-k 40}
   * @param probabilities after it, with sum 1; 0 for removed tokens (V)
   */
  public record Step(String name, double[] probabilities) {}
}
