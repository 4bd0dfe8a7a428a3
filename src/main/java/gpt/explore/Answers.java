package gpt.explore;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How often each answer came among samples of one prompt.
 *
 * @param samples number of samples, at least 1
 * @param answers the distinct answers by descending count, of equal counts the earlier one first
 */
public record Answers(int samples, List<Answer> answers) {
  /** The normal distribution's quantile for an interval of 95 %. */
  private static final double Z = 1.959963984540054;

  /**
   * An answer.
   *
   * @param count how many samples gave it
   * @param share its part of the samples
   * @param low lower end of the 95 % confidence interval of its probability
   * @param high upper end
   */
  public record Answer(String text, int count, double share, double low, double high) {}

  /** Counts texts, at least one. */
  public static Answers of(List<String> texts) {
    Map<String, Integer> counts = new LinkedHashMap<>();
    texts.forEach(text -> counts.merge(text, 1, Integer::sum));
    int n = texts.size();
    return new Answers(
        n,
        counts.entrySet().stream()
            .map(each -> answer(each.getKey(), each.getValue(), n))
            .sorted(Comparator.comparingInt(each -> -each.count))
            .toList());
  }

  /** Wilson's score interval (1927), which stays between 0 and 1 and holds for small counts too. */
  private static Answer answer(String text, int count, int n) {
    double share = (double) count / n;
    double z2 = Z * Z / n;
    double centre = (share + z2 / 2) / (1 + z2);
    double half = Z * Math.sqrt(share * (1 - share) / n + z2 / (4 * n)) / (1 + z2);
    return new Answer(text, count, share, Math.max(0, centre - half), Math.min(1, centre + half));
  }
}
