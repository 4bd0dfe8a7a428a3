package gpt.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/**
 * Compares how often tokens are drawn with exact probabilities in double precision: chi-square
 * tests of 100,000 draws each, with fixed seeds, at a significance of 10⁻⁴ (a correct sampler fails
 * for one of ten thousand seeds).
 */
class HostSamplerDrawsTest {
  private static final int DRAWS = 100_000;

  /** The standard normal distribution's quantile of 1 − 10⁻⁴. */
  private static final double QUANTILE = 3.719;

  private static final int STOP = 5;
  private static final int STEP = 3;

  /** Logits of a published example with probabilities to three digits for T = 1, 0.1 and 10. */
  private static final float[] PRINTED = {6, 2, 7, 0.1f, -8, 9};

  @Test
  void agreesWithThePublishedExample() {
    assertPrinted(1, 0.0420, 7.69e-4, 0.1141, 1.15e-4, 3.49e-8, 0.8430);
    assertPrinted(10, 0.2030, 0.1361, 0.2243, 0.1125, 0.0501, 0.2740);
    // The chain resolves 2⁻⁴⁴ of the likeliest, 5.7e-14; smaller probabilities are 0.
    assertPrinted(0.1, 9.36e-14, 3.98e-31, 2.06e-9, 2.23e-39, 1.50e-74, 1.0000);
    Candidates cold = candidates(0.1);
    for (int id : new int[] {1, 3, 4}) {
      assertEquals(0, cold.probabilities()[id]);
    }
    assertEquals(0x1p-44, cold.probabilities()[0], 1e-20);
  }

  private static Candidates candidates(double temperature) {
    SamplingParameters p = SamplingParameters.builder().temperature(temperature).build();
    Candidates candidates = new Candidates(ChainConstants.of(p), PRINTED.length);
    candidates.start(PRINTED, 9);
    return candidates;
  }

  private static void assertPrinted(double temperature, double... printed) {
    SamplingParameters p = SamplingParameters.builder().temperature(temperature).build();
    double[] exact = DoubleChain.of(PRINTED, null, p, 0).probabilities();
    Candidates candidates = candidates(temperature);
    for (int id = 0; id < printed.length; id++) {
      // Half a unit of the fourth decimal or of the third digit; exp(-170) is 1.479e-74, not 1.50.
      double digit = Math.pow(10, Math.floor(Math.log10(printed[id])) - 2);
      double tolerance = printed[id] > 0.01 ? 5.1e-5 : printed[id] < 1e-70 ? 2.5e-76 : digit / 2;
      String message = "T = " + temperature + ", id " + id;
      assertEquals(printed[id], exact[id], tolerance, message);
      assertEquals(printed[id], candidates.probabilities()[id], tolerance + 0x1p-44, message);
    }
  }

  /** Logits of thirty tokens. */
  private static float[] logits() {
    Random random = new Random(21);
    float[] logits = new float[30];
    for (int id = 0; id < logits.length; id++) {
      logits[id] = (float) random.nextGaussian();
    }
    return logits;
  }

  private static History history() {
    History history = new History(30);
    history.start(new int[] {0, 1, 2, 3, 4, 6, 7});
    for (int id : new int[] {3, 4, 6, 8, 8, 8, 9, 10, 10, 11}) {
      history.add(id);
    }
    return history;
  }

  private static SamplingParameters.Builder everything() {
    return SamplingParameters.builder()
        .repetitionPenalty(1.3)
        .frequencyPenalty(0.4)
        .presencePenalty(0.5)
        .logitBias(12, 1.5)
        .logitBias(13, Double.NEGATIVE_INFINITY)
        .minNewTokens(4)
        .temperature(1.4)
        .topK(14)
        .topP(0.8)
        .minP(0.05)
        .typicalP(0.9)
        .seed(77);
  }

  /** For each step, how to turn it off. */
  private static Map<String, Consumer<SamplingParameters.Builder>> neutral() {
    Map<String, Consumer<SamplingParameters.Builder>> steps = new LinkedHashMap<>();
    steps.put("repetition penalty", b -> b.repetitionPenalty(1));
    steps.put("frequency penalty", b -> b.frequencyPenalty(0));
    steps.put("presence penalty", b -> b.presencePenalty(0));
    steps.put("logit bias", b -> b.logitBias(12, 0));
    steps.put("ban", b -> b.logitBias(13, 0));
    steps.put("minimum new tokens", b -> b.minNewTokens(0));
    steps.put("temperature", b -> b.temperature(1));
    steps.put("top-k", b -> b.topK(0));
    steps.put("top-p", b -> b.topP(1));
    steps.put("min-p", b -> b.minP(0));
    steps.put("typical-p", b -> b.typicalP(1));
    return steps;
  }

  /** Logits such that each step changes the probability of a likely token. */
  private static float[] decisiveLogits() {
    float[] logits = logits();
    logits[STOP] = 3;
    logits[13] = 3.5f;
    logits[3] = 3;
    logits[8] = 4;
    logits[0] = 3;
    return logits;
  }

  @Test
  void tokensAreDrawnWithTheirProbabilities() {
    assertDraws(everything().build());
    // Each step alone.
    Map<String, Consumer<SamplingParameters.Builder>> only = new LinkedHashMap<>();
    only.put("repetition penalty", b -> b.repetitionPenalty(1.3));
    only.put("frequency penalty", b -> b.frequencyPenalty(0.4));
    only.put("presence penalty", b -> b.presencePenalty(0.5));
    only.put("logit bias", b -> b.logitBias(12, 1.5));
    only.put("ban", b -> b.logitBias(13, Double.NEGATIVE_INFINITY));
    only.put("minimum new tokens", b -> b.minNewTokens(4));
    only.put("temperature", b -> b.temperature(1.4));
    only.put("top-k", b -> b.topK(20));
    only.put("top-p", b -> b.topP(0.9));
    only.put("min-p", b -> b.minP(0.1));
    only.put("typical-p", b -> b.typicalP(0.8));
    only.forEach(
        (name, set) -> {
          SamplingParameters.Builder builder = SamplingParameters.builder().seed(name.hashCode());
          set.accept(builder);
          assertDraws(builder.build());
        });
  }

  /** The draws of a chain without one of the steps fail the test against the whole chain. */
  @Test
  void theTestDetectsEachMissingStep() {
    neutral()
        .forEach(
            (name, off) -> {
              // Only one of top-p and min-p can decide the smallest kept probability.
              double minP = name.equals("min-p") ? 0.4 : 0.05;
              double[] whole = probabilities(everything().minP(minP).build());
              SamplingParameters.Builder builder = everything().minP(minP);
              off.accept(builder);
              SamplingParameters lacking = builder.build();
              int[] draws = draws(lacking);
              assertTrue(excess(whole, draws) > 0, "without " + name);
              assertDraws(lacking, draws);
            });
  }

  private static void assertDraws(SamplingParameters parameters) {
    assertDraws(parameters, draws(parameters));
  }

  private static void assertDraws(SamplingParameters parameters, int[] draws) {
    double excess = excess(probabilities(parameters), draws);
    assertTrue(excess <= 0, "chi-square over its bound by " + excess + ": " + parameters);
  }

  private static double[] probabilities(SamplingParameters parameters) {
    return DoubleChain.of(decisiveLogits(), history(), parameters, STEP, STOP).probabilities();
  }

  /** Counts of each token in {@link #DRAWS} draws of the same step. */
  private static int[] draws(SamplingParameters parameters) {
    float[] logits = decisiveLogits();
    History history = history();
    HostSampler sampler = new HostSampler(parameters, logits.length, STOP);
    int[] counts = new int[logits.length];
    for (int sample = 0; sample < DRAWS; sample++) {
      counts[sampler.sample(logits, history, sample, STEP)]++;
    }
    return counts;
  }

  /**
   * How far chi-square is above its quantile (Wilson and Hilferty's approximation); infinite if a
   * token of probability 0 was drawn. Tokens with fewer than 5 expected draws are pooled.
   */
  private static double excess(double[] p, int[] counts) {
    double chiSquare = 0;
    int classes = 0;
    double rareExpected = 0;
    int rareCount = 0;
    for (int id = 0; id < p.length; id++) {
      double expected = DRAWS * p[id];
      if (p[id] == 0 && counts[id] > 0) {
        return Double.POSITIVE_INFINITY;
      } else if (expected < 5) {
        rareExpected += expected;
        rareCount += counts[id];
      } else {
        chiSquare += Math.pow(counts[id] - expected, 2) / expected;
        classes++;
      }
    }
    if (rareExpected > 0) {
      chiSquare += Math.pow(rareCount - rareExpected, 2) / rareExpected;
      classes++;
    }
    double freedom = classes - 1;
    double part = 2 / (9 * freedom);
    return chiSquare - freedom * Math.pow(1 - part + QUANTILE * Math.sqrt(part), 3);
  }
}
