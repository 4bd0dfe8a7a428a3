package gpt.sampling;

import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.stream.IntStream;

/**
 * Log-probabilities by the model's logits: their log-softmax, before penalties, temperature and
 * filters.
 *
 * @param chosen log-probability of the chosen token, in nats
 * @param ids the likeliest token ids, in descending order of probability, ties by ascending id
 * @param values their log-probabilities, in nats
 */
public record Logprobs(double chosen, int[] ids, double[] values) {

  /** Sorts the likeliest tokens, which are given in any order. */
  public static Logprobs of(double chosen, int[] ids, double[] values) {
    int[] order =
        IntStream.range(0, ids.length)
            .boxed()
            .sorted(
                Comparator.comparingDouble((Integer i) -> -values[i]).thenComparing(i -> ids[i]))
            .mapToInt(i -> i)
            .toArray();
    return new Logprobs(
        chosen,
        IntStream.of(order).map(i -> ids[i]).toArray(),
        IntStream.of(order).mapToDouble(i -> values[i]).toArray());
  }

  /**
   * Computes them on the host, in double precision.
   *
   * @param logits at least V floats, the first V are read
   * @param id the chosen token
   * @param n number of likeliest tokens
   */
  public static Logprobs of(float[] logits, int vocabSize, int id, int n) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < vocabSize; i++) {
      max = Math.max(max, logits[i]);
    }
    double sum = 0;
    Comparator<Integer> better =
        Comparator.comparingDouble((Integer i) -> -logits[i]).thenComparing(i -> i);
    PriorityQueue<Integer> best = new PriorityQueue<>(better.reversed());
    for (int i = 0; i < vocabSize; i++) {
      sum += Math.exp((double) logits[i] - max);
      if (best.size() < n || logits[i] > logits[best.peek()]) {
        best.add(i);
        if (best.size() > n) {
          best.remove();
        }
      }
    }
    double logSum = max + Math.log(sum);
    int[] ids = best.stream().mapToInt(i -> i).toArray();
    return of(
        logits[id] - logSum, ids, IntStream.of(ids).mapToDouble(i -> logits[i] - logSum).toArray());
  }

  /**
   * The rank of a token by its logit, ties by ascending id; 1 is the likeliest.
   *
   * @param logits at least V floats, the first V are read
   */
  public static int rank(float[] logits, int vocabSize, int id) {
    int rank = 1;
    for (int other = 0; other < vocabSize; other++) {
      if (logits[other] > logits[id] || logits[other] == logits[id] && other < id) {
        rank++;
      }
    }
    return rank;
  }
}
