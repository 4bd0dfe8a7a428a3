package gpt.bench;

import gpt.model.GptConfig;
import java.time.Instant;
import java.util.Arrays;

/**
 * The times of a test.
 *
 * @param test what was timed
 * @param config the model's shape
 * @param weightBytes bytes of the matrices that each token reads
 * @param time when the first repetition started
 * @param nanos duration of each repetition
 * @param firstNanos time to the first token of each repetition; 0 without a prompt
 * @param probes memory bandwidth measured before each repetition, bytes per second
 */
public record BenchResult(
    BenchTest test,
    GptConfig config,
    double weightBytes,
    Instant time,
    long[] nanos,
    long[] firstNanos,
    double[] probes) {

  /** Tokens per second of each repetition. */
  public double[] tokensPerSecond() {
    return Arrays.stream(nanos).mapToDouble(n -> test.tokens() * 1e9 / n).toArray();
  }

  /** Mean tokens per second. */
  public double meanTokensPerSecond() {
    return Statistics.mean(tokensPerSecond());
  }

  /** Sample standard deviation of the tokens per second, 0 for one repetition. */
  public double deviationTokensPerSecond() {
    return Statistics.deviation(tokensPerSecond());
  }

  /** Mean duration of a repetition in nanoseconds. */
  public double meanNanos() {
    return Statistics.mean(doubles(nanos));
  }

  /** Sample standard deviation of the durations in nanoseconds. */
  public double deviationNanos() {
    return Statistics.deviation(doubles(nanos));
  }

  /** Mean time to the first token in milliseconds; NaN without a prompt. */
  public double firstTokenMillis() {
    return test.prompt() == 0 ? Double.NaN : Statistics.mean(doubles(firstNanos)) / 1e6;
  }

  /** Whether the test only decodes: it is then memory-bound. */
  private boolean decodes() {
    return test.prompt() == 0;
  }

  /** Minimum bytes that a decoded token reads; NaN with a prompt. */
  public double bytesPerToken() {
    return decodes() ? MinimumWork.of(config, weightBytes, test).bytesPerToken() : Double.NaN;
  }

  /** Gigabytes (10⁹) per second that decoding reads; NaN with a prompt. */
  public double gigabytesPerSecond() {
    return bytesPerToken() * meanTokensPerSecond() / 1e9;
  }

  /** Median over repetitions of decode's bandwidth divided by the probe's before it. */
  public double share() {
    if (!decodes()) {
      return Double.NaN;
    }
    double[] rates = tokensPerSecond();
    double[] shares = new double[rates.length];
    Arrays.setAll(shares, i -> rates[i] * bytesPerToken() / probes[i]);
    return Statistics.median(shares);
  }

  /** GFLOP/s: 10⁹ multiplications and additions per second. */
  public double gigaflops() {
    return MinimumWork.of(config, weightBytes, test).flopsPerToken() * meanTokensPerSecond() / 1e9;
  }

  /** Median bandwidth of the probes in gigabytes per second. */
  public double probeGigabytesPerSecond() {
    return Statistics.median(probes) / 1e9;
  }

  private static double[] doubles(long[] values) {
    return Arrays.stream(values).asDoubleStream().toArray();
  }
}
