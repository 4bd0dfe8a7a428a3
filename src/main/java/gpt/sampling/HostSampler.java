package gpt.sampling;

/**
 * The sampling chain on the host, the reference for every other one. Temperature 0 takes the
 * largest logit, the lowest id among equals. Otherwise nanoGPT's chain in its order:
 *
 * <ol>
 *   <li>logits / temperature,
 *   <li>top-k: logits below the k-th largest become −∞, ties with it stay,
 *   <li>softmax,
 *   <li>multinomial: the first id at which the cumulative probability exceeds {@link
 *       Philox#uniform}.
 * </ol>
 *
 * <p>Sums are in double, in the order of ids. A token takes O(V) time, whatever the logits, and
 * allocates nothing. Not thread-safe.
 */
public final class HostSampler {
  private final SamplingParameters parameters;
  private final int vocabSize;

  /** Weights of the softmax before they are divided by their sum (V). */
  private final double[] weights;

  private final TopK topK;
  private double probability;

  /**
   * A sampler with its scratch memory, 8 bytes a token of the vocabulary.
   *
   * @param vocabSize V, the logits that count
   */
  public HostSampler(SamplingParameters parameters, int vocabSize) {
    if (vocabSize < 1) {
      throw new IllegalArgumentException("vocabSize must be at least 1, found " + vocabSize);
    }
    this.parameters = parameters;
    this.vocabSize = vocabSize;
    boolean greedy = parameters.temperature() == 0;
    weights = new double[greedy ? 0 : vocabSize];
    // k is clamped to V, and the V largest are all.
    boolean filtered = parameters.topK() > 0 && parameters.topK() < vocabSize;
    topK = filtered && !greedy ? new TopK(parameters.topK()) : null;
  }

  /**
   * Draws one id.
   *
   * @param logits at least V floats, the first V count; −∞ is a probability of 0
   * @param sample index of the text
   * @param step index of the new token in its text
   * @throws InvalidLogitsException where a logit is NaN or +∞, or all are −∞
   */
  public int sample(float[] logits, int sample, int step) {
    float max = max(logits);
    if (parameters.temperature() == 0) {
      probability = 1;
      int id = 0;
      while (logits[id] != max) {
        id++;
      }
      return id;
    }
    return draw(logits, max, Philox.uniform(parameters.seed(), sample, step));
  }

  /** The probability that the last id had after the whole chain; 1 where it was greedy. */
  public double probability() {
    return probability;
  }

  /**
   * The id whose share of [0, 1) holds {@code u}, or, where rounding leaves none, the last one with
   * a probability above 0.
   */
  int draw(float[] logits, float max, double u) {
    double temperature = parameters.temperature();
    // Dividing by a positive number keeps the order, so the k-th largest can be found before it.
    float threshold = topK == null ? Float.NEGATIVE_INFINITY : topK.threshold(logits, vocabSize);
    double sum = 0;
    for (int id = 0; id < vocabSize; id++) {
      float logit = logits[id];
      // The maximum goes first: a tiny temperature would make infinities of the quotients.
      double weight =
          logit < threshold ? 0 : Math.exp(((double) logit - (double) max) / temperature);
      weights[id] = weight;
      sum += weight;
    }
    double target = u * sum;
    double cumulative = 0;
    int chosen = -1;
    for (int id = 0; id < vocabSize && cumulative <= target; id++) {
      if (weights[id] > 0) {
        cumulative += weights[id];
        chosen = id;
      }
    }
    probability = weights[chosen] / sum;
    return chosen;
  }

  /** The largest logit, which is finite; where it is not, or one is NaN, there is no next token. */
  private float max(float[] logits) {
    if (logits.length < vocabSize) {
      throw new IllegalArgumentException(
          "expected at least " + vocabSize + " logits, found " + logits.length);
    }
    float max = Float.NEGATIVE_INFINITY;
    for (int id = 0; id < vocabSize; id++) {
      max = Math.max(max, logits[id]); // NaN if either is
    }
    if (max == Float.NEGATIVE_INFINITY) {
      throw new InvalidLogitsException("the model produced no finite logits, all are -infinity");
    }
    if (!Float.isFinite(max)) {
      int id = 0;
      while (Float.compare(logits[id], max) != 0) {
        id++;
      }
      throw new InvalidLogitsException(
          "the model produced "
              + (Float.isNaN(max) ? "NaN" : "infinite")
              + " logits, first for id "
              + id
              + "; its weights are damaged or too large for its arithmetic");
    }
    return max;
  }
}
