package gpt.explore;

import gpt.sampling.CrossEntropy;

/**
 * How well a token of a text was predicted.
 *
 * @param loss −ln of its probability, in nats
 * @param rank its place among all tokens by probability, ties by ascending id; 1 is the likeliest
 * @param other the likeliest other token
 * @param otherLoss −ln of that one's probability
 */
public record TokenScore(double loss, int rank, int other, double otherLoss) {

  /** The token's probability, e to the power of minus the loss. */
  public double probability() {
    return Math.exp(-loss);
  }

  /** The probability of the likeliest other token. */
  public double otherProbability() {
    return Math.exp(-otherLoss);
  }

  /**
   * Scores a token.
   *
   * @param logits at least V floats, the first V are read
   * @param vocabSize V
   * @param target the token
   * @throws gpt.sampling.InvalidLogitsException as {@link CrossEntropy#of}
   */
  static TokenScore of(float[] logits, int vocabSize, int target) {
    double loss = CrossEntropy.of(logits, vocabSize, target);
    int rank = 1;
    int other = target == 0 ? Math.min(1, vocabSize - 1) : 0;
    for (int id = 0; id < vocabSize; id++) {
      if (id != target) {
        rank +=
            logits[id] > logits[target] || (logits[id] == logits[target] && id < target) ? 1 : 0;
        other = logits[id] > logits[other] ? id : other;
      }
    }
    return new TokenScore(loss, rank, other, CrossEntropy.of(logits, vocabSize, other));
  }
}
