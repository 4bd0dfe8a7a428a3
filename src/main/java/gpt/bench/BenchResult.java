package gpt.bench;

import gpt.model.GptConfig;
import gpt.model.Precision;
import java.time.Instant;
import java.util.Arrays;

/**
 * What a test took.
 *
 * @param nanos of each repetition
 * @param firstNanos of each repetition, until the token after the prompt was known; 0 without a
 *     prompt
 * @param probes the memory's bandwidth before each repetition, bytes a second
 */
public record BenchResult(
    BenchTest test,
    GptConfig config,
    Precision precision,
    Instant time,
    long[] nanos,
    long[] firstNanos,
    double[] probes) {

  /** Tokens a second of each repetition. */
  public double[] tokensPerSecond() {
    return Arrays.stream(nanos).mapToDouble(n -> test.tokens() * 1e9 / n).toArray();
  }

  /** Mean tokens a second. */
  public double meanTokensPerSecond() {
    return Statistics.mean(tokensPerSecond());
  }

  /** Their standard deviation (n − 1), 0 for one repetition. */
  public double deviationTokensPerSecond() {
    return Statistics.deviation(tokensPerSecond());
  }

  /** Mean time of a repetition in nanoseconds. */
  public double meanNanos() {
    return Statistics.mean(doubles(nanos));
  }

  /** Its standard deviation. */
  public double deviationNanos() {
    return Statistics.deviation(doubles(nanos));
  }

  /** Milliseconds to the first token in the mean; NaN without a prompt. */
  public double firstTokenMillis() {
    return test.prompt() == 0 ? Double.NaN : Statistics.mean(doubles(firstNanos)) / 1e6;
  }

  /** Whether each token reads the weights again: the memory then bounds the test. */
  private boolean decodes() {
    return test.prompt() == 0;
  }

  /** The least bytes that a decoded token reads; NaN where a prompt is processed. */
  public double bytesPerToken() {
    return decodes() ? LeastWork.of(config, precision, test).bytesPerToken() : Double.NaN;
  }

  /** Gigabytes (10⁹) a second that decoding reads; NaN where a prompt is processed. */
  public double gigabytesPerSecond() {
    return bytesPerToken() * meanTokensPerSecond() / 1e9;
  }

  /** The median over repetitions of what decoding reads by what the probe before it did. */
  public double share() {
    if (!decodes()) {
      return Double.NaN;
    }
    double[] rates = tokensPerSecond();
    double[] shares = new double[rates.length];
    Arrays.setAll(shares, i -> rates[i] * bytesPerToken() / probes[i]);
    return Statistics.median(shares);
  }

  /** 10⁹ multiplications and additions a second. */
  public double gigaflops() {
    return LeastWork.of(config, precision, test).flopsPerToken() * meanTokensPerSecond() / 1e9;
  }

  /** The probes' median, in gigabytes a second. */
  public double probeGigabytesPerSecond() {
    return Statistics.median(probes) / 1e9;
  }

  private static double[] doubles(long[] values) {
    return Arrays.stream(values).asDoubleStream().toArray();
  }
}
