package gpt.benchmarks;

import gpt.sampling.SamplingParameters;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/**
 * Logits and sampling parameters to benchmark, for the host's and a device's sampler.
 *
 * @param parameters of the sampling chain
 * @param spread standard deviation of the logits: 3 is much like a trained model's, 0.01 makes all
 *     ids about equally likely
 */
public record Sampling(SamplingParameters parameters, double spread) {
  /** Rows of logits, drawn from in turn. */
  private static final int ROWS = 8;

  private static final double PEAKED = 3;
  private static final double FLAT = 0.01;
  private static final long SEED = 1337;

  private static final Map<String, Sampling> ALL = new LinkedHashMap<>();

  static {
    add("greedy", PEAKED, chain().temperature(0));
    add("greedy-penalised", PEAKED, chain().temperature(0).repetitionPenalty(1.1));
    add("temperature", PEAKED, chain().temperature(0.8));
    add("top-k", PEAKED, chain().temperature(0.8).topK(200));
    add("top-p-peaked", PEAKED, chain().topP(0.95));
    add("top-p-flat", FLAT, chain().topP(0.95));
    add("all-peaked", PEAKED, everything());
    add("all-flat", FLAT, everything());
  }

  private static void add(String name, double spread, SamplingParameters.Builder parameters) {
    ALL.put(Operations.SAMPLING + "-" + name, new Sampling(parameters.build(), spread));
  }

  private static SamplingParameters.Builder chain() {
    return SamplingParameters.builder().seed(SEED);
  }

  private static SamplingParameters.Builder everything() {
    return chain()
        .repetitionPenalty(1.1)
        .frequencyPenalty(0.1)
        .logitBias(7, 1)
        .topK(200)
        .topP(0.95)
        .minP(0.02)
        .typicalP(0.9);
  }

  /** All cases by the names of their operations. */
  public static Map<String, Sampling> all() {
    return ALL;
  }

  /** Seeded rows of V logits. */
  public float[][] logits(int vocabSize) {
    Random random = new Random(SEED);
    float[][] rows = new float[ROWS][vocabSize];
    for (float[] row : rows) {
      for (int id = 0; id < vocabSize; id++) {
        row[id] = (float) (spread * random.nextGaussian());
      }
    }
    return rows;
  }

  /** Counts one read of the logits; the chain's arithmetic is not counted. */
  public static Work work(int vocabSize) {
    return new Work(4L * vocabSize, 0);
  }
}
