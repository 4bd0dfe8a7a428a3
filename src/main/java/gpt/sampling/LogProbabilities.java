package gpt.sampling;

/**
 * The log-softmax of logits in double precision, for beam search, followed by the biases and the
 * minimum of new tokens: a bias is added to a log-probability, banned tokens get −∞, and the result
 * is not renormalized. This is the order of Hugging Face's beam search.
 */
public final class LogProbabilities {
  private final LogitsProcessor steps;
  private final double[] values;

  /**
   * Applies only the steps of the chain that do not depend on earlier tokens.
   *
   * @param vocabSize V
   * @param stopIds token ids that end a completion; banned while it is shorter than the minimum
   */
  public LogProbabilities(SamplingParameters parameters, int vocabSize, int... stopIds) {
    steps = new LogitsProcessor(parameters, ChainConstants.of(parameters), vocabSize, stopIds);
    values = new double[vocabSize];
  }

  /**
   * x − max − ln Σ exp(x − max), plus the bias.
   *
   * @param logits at least V floats, the first V are read
   * @param step index of the new token in its completion
   * @return (V); the array is reused by the next call
   * @throws InvalidLogitsException if a logit is NaN or +∞, all are −∞, or all tokens are banned
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
    steps.max(); // throws if all tokens are banned
    for (int id = 0; id < values.length; id++) {
      values[id] = x[id] - logSum;
    }
    return values;
  }
}
