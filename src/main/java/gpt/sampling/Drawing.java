package gpt.sampling;

/**
 * How to draw the tokens of several completions of the same prompt.
 *
 * @param sampling parameters of the chain
 * @param prompt the whole prompt, for the penalties, even if it is longer than the context window
 * @param stopIds token ids that end a completion; banned while it is shorter than the minimum
 * @param logprobs number of likeliest tokens whose log-probabilities are returned with each token
 */
public record Drawing(SamplingParameters sampling, int[] prompt, int[] stopIds, int logprobs) {

  /** Without log-probabilities. */
  public Drawing(SamplingParameters sampling, int[] prompt, int... stopIds) {
    this(sampling, prompt, stopIds, 0);
  }
}
