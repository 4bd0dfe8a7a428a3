package gpt.bench;

import java.util.Arrays;

/** Mean, standard deviation and median of samples, as llama-bench computes them. */
public final class Statistics {
  private Statistics() {}

  static double mean(double[] samples) {
    return Arrays.stream(samples).average().orElse(Double.NaN);
  }

  /** Sample standard deviation (n − 1); 0 for one sample. */
  static double deviation(double[] samples) {
    if (samples.length < 2) {
      return 0;
    }
    double mean = mean(samples);
    double squares = Arrays.stream(samples).map(s -> (s - mean) * (s - mean)).sum();
    return Math.sqrt(squares / (samples.length - 1));
  }

  /** The middle value, or the mean of the two middle values. */
  public static double median(double[] samples) {
    double[] sorted = samples.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
