package gpt.sampling;

/**
 * How the next token is drawn from its logits.
 *
 * @param temperature logits are divided by it; 0 takes the largest (greedy)
 * @param topK only the k largest logits stay, and any equal to the k-th; 0 keeps all
 * @param seed key of the random numbers
 */
public record SamplingParameters(double temperature, int topK, long seed) {

  /** Checks the ranges. */
  public SamplingParameters {
    if (!(temperature >= 0) || Double.isInfinite(temperature)) {
      throw new IllegalArgumentException(
          "temperature must be 0 (greedy) or a positive number, found " + temperature);
    }
    if (topK < 0) {
      throw new IllegalArgumentException("top-k must be 0 (off) or more, found " + topK);
    }
  }
}
