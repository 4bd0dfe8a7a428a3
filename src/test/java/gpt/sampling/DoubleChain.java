package gpt.sampling;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * The reference for tests: the chain as its papers define it, in double precision, with sorting.
 * The state is the logits, −∞ for removed tokens.
 */
final class DoubleChain {
  final double[] logits;

  DoubleChain(double[] logits) {
    this.logits = logits;
  }

  /** Runs all steps of a chain. */
  static DoubleChain of(
      float[] logits, History history, SamplingParameters p, int step, int... stopIds) {
    DoubleChain chain = new DoubleChain(new double[logits.length]);
    for (int id = 0; id < logits.length; id++) {
      double l = logits[id];
      int seen = history == null ? 0 : history.seen(id);
      if (seen != 0) {
        l = l > 0 ? l / p.repetitionPenalty() : l * p.repetitionPenalty();
      }
      int count = seen % (1 << 30);
      l -= count * p.frequencyPenalty();
      l -= count > 0 ? p.presencePenalty() : 0;
      l += p.logitBias().getOrDefault(id, 0.0);
      chain.logits[id] = l;
    }
    for (int id : stopIds) {
      if (step < p.minNewTokens()) {
        chain.logits[id] = Double.NEGATIVE_INFINITY;
      }
    }
    chain.temperature(p.temperature());
    chain.topK(p.topK());
    chain.topP(p.topP());
    chain.minP(p.minP());
    chain.typicalP(p.typicalP());
    return chain;
  }

  void temperature(double temperature) {
    Arrays.setAll(logits, id -> logits[id] / temperature);
  }

  void topK(int k) {
    if (k > 0 && k < logits.length) {
      double[] sorted = logits.clone();
      Arrays.sort(sorted);
      double kth = sorted[sorted.length - k];
      keep(id -> logits[id] >= kth);
    }
  }

  void topP(double p) {
    if (p < 1) {
      keepSmallest(Arrays.stream(logits).map(l -> -l).toArray(), p);
    }
  }

  void minP(double p) {
    double[] probabilities = probabilities();
    double max = Arrays.stream(probabilities).max().orElseThrow();
    keep(id -> probabilities[id] >= p * max);
  }

  void typicalP(double p) {
    if (p < 1) {
      keepSmallest(deviations(), p);
    }
  }

  /** |information − entropy| of each token, in bits. */
  double[] deviations() {
    double[] information = Arrays.stream(probabilities()).map(DoubleChain::bits).toArray();
    double[] p = probabilities();
    double entropy =
        IntStream.range(0, p.length)
            .filter(id -> p[id] > 0)
            .mapToDouble(id -> p[id] * information[id])
            .sum();
    return Arrays.stream(information).map(i -> Math.abs(i - entropy)).toArray();
  }

  private static double bits(double probability) {
    return -Math.log(probability) / Math.log(2);
  }

  /** Softmax. */
  double[] probabilities() {
    double max = Arrays.stream(logits).max().orElseThrow();
    double[] p = Arrays.stream(logits).map(l -> Math.exp(l - max)).toArray();
    double sum = Arrays.stream(p).sum();
    return Arrays.stream(p).map(x -> x / sum).toArray();
  }

  private void keepSmallest(double[] keys, double p) {
    double[] probabilities = probabilities();
    int[] order =
        IntStream.range(0, keys.length)
            .filter(id -> logits[id] > Double.NEGATIVE_INFINITY)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer id) -> keys[id]).thenComparing(id -> id))
            .mapToInt(id -> id)
            .toArray();
    double sum = 0;
    for (int id : order) {
      if (sum >= p) {
        logits[id] = Double.NEGATIVE_INFINITY;
      }
      sum += probabilities[id];
    }
  }

  private interface Test {
    boolean keeps(int id);
  }

  private void keep(Test test) {
    for (int id = 0; id < logits.length; id++) {
      if (!test.keeps(id)) {
        logits[id] = Double.NEGATIVE_INFINITY;
      }
    }
  }
}
