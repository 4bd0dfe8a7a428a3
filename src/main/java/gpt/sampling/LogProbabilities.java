package gpt.sampling;

/**
 * The logarithm of the softmax of logits, in double precision, and then the biases and the minimum
 * of new tokens: a bias is added to a log-probability, banned ids have −∞, and nothing is
 * renormalized. This is the order of Hugging Face's beam search.
 */
public final class LogProbabilities {
  private final LogitsProcessor steps;
  private final double[] values;

  /**
   * Takes from the chain only what does not need a text's history.
   *
   * @param vocabSize V
   * @param stopIds what ends a text, banned while it is shorter than the minimum
   */
  public LogProbabilities(SamplingParameters parameters, int vocabSize, int... stopIds) {
    steps = new LogitsProcessor(parameters, ChainConstants.of(parameters), vocabSize, stopIds);
    values = new double[vocabSize];
  }

  /**
   * x − max − ln Σ exp(x − max), plus the bias.
   *
   * @param logits at least V floats, the first V count
   * @param step index of the new token in its text
   * @return (V); the array is reused by the next call
   * @throws InvalidLogitsException where a logit is NaN or +∞, all are −∞, or all ids are banned
   */
  public double[] of(float[] logits, int step) {
    steps.start(logits);
    float[] x = steps.values();
    double max = steps.max();
    double sum = 0;
    for (int id = 0; id < values.length; id++) {
      sum += Math.exp(x[id] - max);
    }
    double logSum = max + Math.log(sum);
    steps.bias();
    steps.minNewTokens(step);
    steps.max(); // throws where all ids are banned
    for (int id = 0; id < values.length; id++) {
      values[id] = x[id] - logSum;
    }
    return values;
  }
}
