package gpt.sampling;

/**
 * The tokens that can still be drawn, and their weights. The methods are the last steps of the
 * chain, to be called in its order: the temperature ({@link #start}), the filters and the draw. A
 * filter that is off does nothing. All sums are of integers, so they do not depend on the order of
 * summation; {@link Weight} explains distances and weights.
 */
final class Candidates {
  /** Typical-p's mean drops these low bits of a weight, so that Σ weight · q fits a long. */
  private static final int WEIGHT_SHIFT = 14;

  /** Low bits of a distance, which the mean sums separately, for the same reason. */
  private static final int LOW_BITS = 13;

  private static final int LOW_MASK = (1 << LOW_BITS) - 1;

  /** Logits are clamped to this, so that the difference of two is finite. */
  private static final float LOGIT_CLAMP = 1e38f;

  /** Tokens at a distance of this many bits or more are masked. */
  private static final float MAX_BITS = 64;

  private final int vocabSize;
  private final ChainConstants constants;

  /** Distance of each token (V). */
  private final int[] distances;

  /** Weight of each token, valid after {@link #computeWeights}; 0 if masked (V). */
  private final long[] weights;

  /** |q − mean q| of each token, which typical-p orders by (V). */
  private final int[] deviations;

  private final RadixSelect select = new RadixSelect();
  private boolean weightsComputed;

  /** Allocates memory, 12 bytes for each token of the vocabulary, 16 with typical-p. */
  Candidates(ChainConstants constants, int vocabSize) {
    this.vocabSize = vocabSize;
    this.constants = constants;
    distances = new int[vocabSize];
    weights = new long[vocabSize];
    deviations =
        new int[constants.typicalPFraction() < ChainConstants.FRACTION_ONE ? vocabSize : 0];
  }

  /**
   * Temperature: computes the distances. The logarithm of the ratio of two probabilities of a
   * softmax is the difference of their logits divided by the temperature.
   *
   * @param logits −∞ for masked tokens (V)
   * @param max the largest of them
   */
  void start(float[] logits, float max) {
    float top = Math.min(max, LOGIT_CLAMP);
    float bitsPerLogit = constants.bitsPerLogit();
    for (int id = 0; id < vocabSize; id++) {
      float bits = (top - Math.min(logits[id], LOGIT_CLAMP)) * bitsPerLogit;
      distances[id] = bits < MAX_BITS ? (int) (bits * 0x1p24f) : Weight.MASKED_DISTANCE;
    }
    weightsComputed = false;
  }

  /** Applies a filter of the chain; one that is off changes nothing. */
  void filter(ChainStep step) {
    switch (step) {
      case TOP_K -> topK();
      case TOP_P -> topP();
      case MIN_P -> minP();
      case TYPICAL_P -> typicalP();
      default -> throw new IllegalArgumentException(step + " is not a filter");
    }
  }

  /** Top-k: keeps the k likeliest tokens and ties with the k-th. */
  private void topK() {
    int k = constants.topK();
    if (k > 0 && k < count()) {
      maskBeyond(select.kthSmallest(distances, k));
    }
  }

  /**
   * Top-p (Holtzman et al. 2020): keeps the fewest likeliest tokens whose weights reach the
   * fraction p of their sum.
   */
  private void topP() {
    if (constants.topPFraction() < ChainConstants.FRACTION_ONE) {
      keepSmallest(distances, constants.topPFraction());
    }
  }

  /** Min-p (Nguyen et al. 2024): keeps tokens at least p times as likely as the likeliest. */
  private void minP() {
    if (constants.minPLimit() < Weight.MASKED_DISTANCE - 1) {
      maskBeyond(constants.minPLimit());
    }
  }

  /**
   * Typical-p (Meister et al. 2022): takes the tokens in ascending order of |information −
   * entropy|, and keeps the fewest whose weights reach the fraction p of the sum. The information
   * of a token is −log₂ of its probability, which is q + log₂ S, where S is the sum of the weights.
   * The entropy is the mean information. Their difference is q − mean q: S cancels.
   */
  private void typicalP() {
    if (constants.typicalPFraction() == ChainConstants.FRACTION_ONE) {
      return;
    }
    computeWeights();
    long high = 0;
    long low = 0;
    long sum = 0;
    for (int id = 0; id < vocabSize; id++) {
      long weight = weights[id] >> WEIGHT_SHIFT;
      high += weight * (distances[id] >> LOW_BITS);
      low += weight * (distances[id] & LOW_MASK);
      sum += weight;
    }
    int mean = (int) (((high / sum) << LOW_BITS) + (((high % sum) << LOW_BITS) + low) / sum);
    for (int id = 0; id < vocabSize; id++) {
      deviations[id] =
          distances[id] == Weight.MASKED_DISTANCE
              ? Weight.MASKED_DISTANCE
              : Math.abs(distances[id] - mean);
    }
    keepSmallest(deviations, constants.typicalPFraction());
  }

  /**
   * Multinomial draw by inversion: the first id at which the cumulative sum of the weights exceeds
   * the random fraction of their sum.
   *
   * @param random the fraction in units of 2⁻²⁴, 0 to 2²⁴ − 1
   */
  int draw(int random) {
    long target = Weight.drawPoint(sum(), random);
    int id = 0;
    for (long running = weights[0]; running <= target; running += weights[id]) {
      id++;
    }
    return id;
  }

  /** Whether a token is not masked. Tokens at a distance of 64 bits or more are masked. */
  boolean kept(int id) {
    return distances[id] != Weight.MASKED_DISTANCE;
  }

  /** The renormalized probability of each token; 0 if masked (V). */
  double[] probabilities() {
    double sum = sum();
    double[] probabilities = new double[vocabSize];
    for (int id = 0; id < vocabSize; id++) {
      probabilities[id] = weights[id] / sum;
    }
    return probabilities;
  }

  /** Number of tokens that are not masked. */
  int count() {
    int count = 0;
    for (int distance : distances) {
      count += distance == Weight.MASKED_DISTANCE ? 0 : 1;
    }
    return count;
  }

  private long sum() {
    computeWeights();
    long sum = 0;
    for (long weight : weights) {
      sum += weight;
    }
    return sum;
  }

  /** Computes the weights when they are first needed: after top-k most tokens are masked. */
  private void computeWeights() {
    if (!weightsComputed) {
      for (int id = 0; id < vocabSize; id++) {
        weights[id] = Weight.of(distances[id]);
      }
      weightsComputed = true;
    }
  }

  private void maskBeyond(int distance) {
    for (int id = 0; id < vocabSize; id++) {
      if (distances[id] > distance) {
        mask(id);
      }
    }
  }

  /** Keeps the fewest tokens, by ascending key and then id, whose weights reach a fraction. */
  private void keepSmallest(int[] keys, int fraction) {
    long target = Weight.fractionOf(sum(), fraction);
    int last = select.keyReaching(keys, weights, target);
    long running = select.before();
    for (int id = 0; id < vocabSize; id++) {
      if (keys[id] > last || (keys[id] == last && running >= target)) {
        mask(id);
      } else if (keys[id] == last) {
        running += weights[id];
      }
    }
  }

  private void mask(int id) {
    distances[id] = Weight.MASKED_DISTANCE;
    weights[id] = 0;
  }
}
