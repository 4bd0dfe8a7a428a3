package gpt.sampling;

/**
 * What the tokens of a group of texts with the same prompt are drawn with.
 *
 * @param sampling the chain
 * @param firstSample index of the first text
 * @param prompt the whole prompt as penalties count it, also where a context has no room for it
 * @param stopIds what ends a text, banned while it is shorter than the minimum
 */
public record Drawing(SamplingParameters sampling, int firstSample, int[] prompt, int... stopIds) {

  /** The same for texts from another one on. */
  public Drawing from(int sample) {
    return new Drawing(sampling, sample, prompt, stopIds);
  }
}
