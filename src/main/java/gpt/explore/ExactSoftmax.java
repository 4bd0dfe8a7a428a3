package gpt.explore;

import gpt.sampling.ChainStep;
import gpt.sampling.ChainTrace;
import gpt.sampling.History;
import gpt.sampling.HostSampler;
import gpt.sampling.SamplingParameters;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Temperature, softmax and filters of the sampling chain in double precision, for a few logits. The
 * chain itself computes with integers after the temperature ({@link gpt.sampling.Weight}): its
 * probabilities differ from these by less than 1e-6 of the largest one, and are 0 below 2⁻⁴⁴ of it.
 *
 * @param parameters temperature and filters; other steps are not applied
 * @param scaled the logits divided by the temperature (V)
 * @param probabilities their softmax (V)
 * @param filters the probabilities after each filter that is on, in order; 0 for removed tokens
 * @param underflows the ids whose probability is not 0, but is in the chain
 */
public record ExactSoftmax(
    SamplingParameters parameters,
    double[] scaled,
    double[] probabilities,
    List<ChainTrace.Stage> filters,
    List<Integer> underflows) {

  /**
   * Computes it.
   *
   * @param logits at least one is finite, none is NaN or +∞
   * @param parameters the temperature is above 0
   */
  public static ExactSoftmax of(double[] logits, SamplingParameters parameters) {
    int v = logits.length;
    double t = parameters.temperature();
    double max = IntStream.range(0, v).mapToDouble(i -> logits[i]).max().orElseThrow();
    double[] scaled = new double[v];
    double[] weights = new double[v];
    for (int id = 0; id < v; id++) {
      scaled[id] = logits[id] / t;
      weights[id] = Math.exp((logits[id] - max) / t);
    }
    double[] probabilities = normalized(weights);
    List<ChainTrace.Stage> filters = new ArrayList<>();
    double[] current = probabilities;
    for (ChainStep step : List.of(ChainStep.TOP_K, ChainStep.TOP_P, ChainStep.MIN_P)) {
      if (step.isOn(parameters)) {
        current = filtered(step, current, parameters);
        filters.add(new ChainTrace.Stage(step, current));
      }
    }
    return new ExactSoftmax(
        parameters, scaled, probabilities, filters, underflows(logits, probabilities, t));
  }

  /** The probabilities after the last step. */
  public double[] last() {
    return filters.isEmpty() ? probabilities : filters.getLast().probabilities();
  }

  private static double[] normalized(double[] weights) {
    double sum = 0;
    for (double weight : weights) {
      sum += weight;
    }
    double[] probabilities = new double[weights.length];
    for (int id = 0; id < weights.length; id++) {
      probabilities[id] = weights[id] / sum;
    }
    return probabilities;
  }

  /** Removes tokens by the chain's rules: {@link ChainStep}. */
  private static double[] filtered(ChainStep step, double[] p, SamplingParameters parameters) {
    List<Integer> order =
        IntStream.range(0, p.length)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer id) -> -p[id]))
            .toList();
    double largest = p[order.getFirst()];
    double[] kept = new double[p.length];
    double sum = 0;
    for (int rank = 0; rank < p.length; rank++) {
      double each = p[order.get(rank)];
      boolean keep =
          switch (step) {
            case TOP_K -> each >= p[order.get(Math.min(parameters.topK(), p.length) - 1)];
            case TOP_P -> sum < parameters.topP();
            default -> each >= parameters.minP() * largest;
          };
      kept[order.get(rank)] = keep ? each : 0;
      sum += each;
    }
    return normalized(kept);
  }

  private static List<Integer> underflows(
      double[] logits, double[] probabilities, double temperature) {
    double[] chain =
        trace(logits, SamplingParameters.builder().temperature(temperature).build())
            .afterTemperature();
    return IntStream.range(0, logits.length)
        .filter(id -> chain[id] == 0 && logits[id] > Double.NEGATIVE_INFINITY)
        .boxed()
        .toList();
  }

  /** One draw of the sampling chain itself from these logits. */
  public static ChainTrace trace(double[] logits, SamplingParameters parameters) {
    float[] floats = new float[logits.length];
    for (int id = 0; id < floats.length; id++) {
      floats[id] = (float) logits[id];
    }
    return new HostSampler(parameters, floats.length)
        .trace(floats, new History(floats.length), 0, 0);
  }
}
