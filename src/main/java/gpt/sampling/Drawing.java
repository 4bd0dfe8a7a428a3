package gpt.sampling;

/**
 * What the tokens of a group of texts with the same prompt are drawn with.
 *
 * @param sampling the chain
 * @param firstSample index of the first text
 * @param prompt the whole prompt as penalties count it, also where a context has no room for it
 * @param stopIds what ends a text, banned while it is shorter than the minimum
 * @param logprobs how many log-probabilities are wanted with each token; 0 is none
 */
public record Drawing(
    SamplingParameters sampling, int firstSample, int[] prompt, int[] stopIds, int logprobs) {

  /** Without log-probabilities. */
  public Drawing(SamplingParameters sampling, int firstSample, int[] prompt, int... stopIds) {
    this(sampling, firstSample, prompt, stopIds, 0);
  }
}
