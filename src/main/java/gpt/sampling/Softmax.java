package gpt.sampling;

/** The softmax of logits in double precision. */
final class Softmax {
  private Softmax() {}

  /**
   * exp(x − max) / Σ exp(x − max).
   *
   * @param logits the first {@code vocabSize} are read; at least one is finite, −∞ is a probability
   *     of 0
   * @return (V)
   */
  static double[] of(float[] logits, int vocabSize) {
    float max = Float.NEGATIVE_INFINITY;
    for (int id = 0; id < vocabSize; id++) {
      max = Math.max(max, logits[id]);
    }
    double[] values = new double[vocabSize];
    double sum = 0;
    for (int id = 0; id < vocabSize; id++) {
      values[id] = Math.exp((double) logits[id] - max);
      sum += values[id];
    }
    for (int id = 0; id < vocabSize; id++) {
      values[id] /= sum;
    }
    return values;
  }
}
