package gpt.explore;

import gpt.sampling.CrossEntropy;
import java.util.Arrays;

/**
 * How well a token of a text was predicted.
 *
 * @param loss −ln of its probability, in nats
 * @param rank its place among all tokens by probability, ties by ascending id; 1 is the likeliest
 * @param others the likeliest other tokens, in descending order of probability, ties by ascending
 *     id; at least one
 * @param otherLosses −ln of their probabilities
 */
public record TokenScore(double loss, int rank, int[] others, double[] otherLosses) {
  /** Number of other tokens. */
  private static final int OTHERS = 3;

  /** The token's probability, e to the power of minus the loss. */
  public double probability() {
    return Math.exp(-loss);
  }

  /** The likeliest other token. */
  public int other() {
    return others[0];
  }

  /** The probability of the likeliest other token. */
  public double otherProbability() {
    return otherProbability(0);
  }

  /** The probability of another token, from 0, the likeliest. */
  public double otherProbability(int index) {
    return Math.exp(-otherLosses[index]);
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
    int rank = 1;
    int n = Math.clamp(vocabSize - 1, 1, OTHERS);
    int[] ids = new int[1 + n]; // the target and the others
    ids[0] = target;
    int found = 0;
    for (int id = 0; id < vocabSize; id++) {
      if (id == target) {
        continue;
      }
      if (logits[id] > logits[target] || logits[id] == logits[target] && id < target) {
        rank++;
      }
      int at = found;
      while (at > 0 && logits[id] > logits[ids[at]]) {
        at--;
      }
      if (at < n) {
        found = Math.min(found + 1, n);
        System.arraycopy(ids, 1 + at, ids, 2 + at, found - at - 1);
        ids[1 + at] = id;
      }
    }
    double[] losses = CrossEntropy.of(logits, vocabSize, ids);
    return new TokenScore(
        losses[0], rank, Arrays.copyOfRange(ids, 1, 1 + n), Arrays.copyOfRange(losses, 1, 1 + n));
  }
}
