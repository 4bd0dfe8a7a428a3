package gpt.sampling;

/**
 * The steps of the chain that leave ids out, and the draw, one method each, to be called in this
 * order; {@link #start} is the temperature. A step that is off does nothing. All sums are of
 * integers, so that they do not depend on the order of summation; see {@link Weight}.
 */
final class Candidates {
  /** Typical-p's mean takes weights of 30 bits, and distances in two parts, so that sums fit. */
  private static final int WEIGHT_SHIFT = 14;

  private static final int LOW_BITS = 13;
  private static final int LOW_MASK = (1 << LOW_BITS) - 1;

  /** A float difference of two of these is finite. */
  private static final float LOGIT_CLAMP = 1e38f;

  private static final float MAX_BITS = 64;

  private final int vocabSize;
  private final ChainConstants constants;

  /** For each id its distance, or {@link Weight#MASKED_DISTANCE} (V). */
  private final int[] distances;

  /**
   * For each id its weight, once {@link #computeWeights} was called; 0 for those that are out (V).
   */
  private final long[] weights;

  /** For each id what typical-p orders by, or {@link Weight#MASKED_DISTANCE} (V). */
  private final int[] deviations;

  private final RadixSelect select = new RadixSelect();
  private boolean weightsComputed;

  /** Candidates with their memory, 12 bytes an id, 16 with typical-p. */
  Candidates(ChainConstants constants, int vocabSize) {
    this.vocabSize = vocabSize;
    this.constants = constants;
    distances = new int[vocabSize];
    weights = new long[vocabSize];
    deviations =
        new int[constants.typicalPFraction() < ChainConstants.FRACTION_ONE ? vocabSize : 0];
  }

  /**
   * Temperature: how many bits each id is less likely than the likeliest. The logarithm of the
   * softmax's ratio is the difference of the logits over the temperature.
   *
   * @param logits −∞ for ids that are not there (V)
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

  /** Takes a step of the chain that cuts; one that is off changes nothing. */
  void filter(ChainStep step) {
    switch (step) {
      case TOP_K -> topK();
      case TOP_P -> topP();
      case MIN_P -> minP();
      case TYPICAL_P -> typicalP();
      default -> throw new IllegalArgumentException(step + " cuts nothing");
    }
  }

  /** Top-k: ids further than the k-th nearest go, ties with it stay. */
  private void topK() {
    int k = constants.topK();
    if (k > 0 && k < count()) {
      maskBeyond(select.kthSmallest(distances, k));
    }
  }

  /** Top-p (Holtzman et al. 2020): the fewest of the likeliest ids stay that together reach p. */
  private void topP() {
    if (constants.topPFraction() < ChainConstants.FRACTION_ONE) {
      keepSmallest(distances, constants.topPFraction());
    }
  }

  /** Min-p (Nguyen et al. 2024): ids go that are less likely than a part of the likeliest. */
  private void minP() {
    if (constants.minPLimit() < Weight.MASKED_DISTANCE - 1) {
      maskBeyond(constants.minPLimit());
    }
  }

  /**
   * Typical-p (Meister et al. 2022): the ids stay whose information is nearest to the entropy, as
   * few as reach p. The information is −log p = q + log S and the entropy its mean, so the
   * normaliser S cancels: what counts is how far a distance is from the mean distance.
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
   * Multinomial by inversion: the first id, in their order, at which the sum of the weights exceeds
   * the part of their whole sum that the random number is.
   *
   * @param random 0 to 2²⁴ − 1
   */
  int draw(int random) {
    long target = Weight.drawPoint(sum(), random);
    int id = 0;
    for (long running = weights[0]; running <= target; running += weights[id]) {
      id++;
    }
    return id;
  }

  /** Whether the steps so far keep an id. One whose probability is below 2⁻⁶⁴ never counts. */
  boolean kept(int id) {
    return distances[id] != Weight.MASKED_DISTANCE;
  }

  /** The probability of an id among those that are left. */
  double probability(int id) {
    double sum = sum();
    return weights[id] / sum;
  }

  /** The probability of each id among those that are left, 0 for those that are not (V). */
  double[] probabilities() {
    double sum = sum();
    double[] probabilities = new double[vocabSize];
    for (int id = 0; id < vocabSize; id++) {
      probabilities[id] = weights[id] / sum;
    }
    return probabilities;
  }

  /** Number of ids that are left. */
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

  /** Weights are worked out when they are first asked for: after top-k there are few. */
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

  /** Keeps the fewest ids, in the order of their keys and then of the ids, that reach a part. */
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
