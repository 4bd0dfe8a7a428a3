package gpt.sampling;

import java.util.stream.IntStream;

/** The cross-entropy loss of one target token: −ln p, in nats and in double precision. */
public final class CrossEntropy {
  private CrossEntropy() {}

  /**
   * ln Σ exp(x − max) + max − x[target].
   *
   * @param logits at least V floats, the first V are read
   * @param vocabSize V
   * @param target token id, 0 to V − 1
   * @return 0 or more; +∞ if the target's logit is −∞
   * @throws InvalidLogitsException if a logit is NaN or +∞, or all are −∞
   */
  public static double of(float[] logits, int vocabSize, int target) {
    return of(logits, vocabSize, new int[] {target})[0];
  }

  /** As {@link #of(float[], int, int)}, for several targets. */
  public static double[] of(float[] logits, int vocabSize, int[] targets) {
    float max = Float.NEGATIVE_INFINITY;
    for (int id = 0; id < vocabSize; id++) {
      max = Math.max(max, logits[id]); // NaN if either is
    }
    if (Float.isNaN(max)) {
      throw new InvalidLogitsException(InvalidLogitsException.damaged("NaN"));
    }
    if (max == Float.POSITIVE_INFINITY) {
      throw new InvalidLogitsException(InvalidLogitsException.damaged("infinite"));
    }
    if (max == Float.NEGATIVE_INFINITY) {
      throw new InvalidLogitsException(InvalidLogitsException.NO_FINITE);
    }
    double sum = 0;
    for (int id = 0; id < vocabSize; id++) {
      sum += Math.exp((double) logits[id] - max);
    }
    double logSum = Math.log(sum);
    double top = max;
    return IntStream.of(targets).mapToDouble(id -> logSum + (top - logits[id])).toArray();
  }
}
