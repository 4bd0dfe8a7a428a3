package gpt.bench;

import java.util.Arrays;

/**
 * A test with drafts, and the same without.
 *
 * @param result with drafts
 * @param plainNanos duration of each repetition without drafts, which ran just before the one with
 * @param drafts number of drafts that were verified
 * @param right how many of them were right
 */
public record DraftResult(BenchResult result, long[] plainNanos, long drafts, long right) {

  /** Mean tokens per second without drafts. */
  public double plainTokensPerSecond() {
    int tokens = result.test().tokens();
    return Statistics.mean(Arrays.stream(plainNanos).mapToDouble(n -> tokens * 1e9 / n).toArray());
  }

  /** Median over the repetitions of the speed with drafts by that without. */
  public double ratio() {
    double[] ratios = new double[plainNanos.length];
    Arrays.setAll(ratios, i -> (double) plainNanos[i] / result.nanos()[i]);
    return Statistics.median(ratios);
  }
}
