package gpt.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HostSamplerTest {
  private static final float NEGATIVE_INFINITY = Float.NEGATIVE_INFINITY;

  private static int inverse(double[] p, double u) {
    double cumulative = 0;
    for (int i = 0; i < p.length; i++) {
      cumulative += p[i];
      if (cumulative > u) {
        return i;
      }
    }
    throw new AssertionError("u = " + u + " is beyond " + cumulative);
  }

  /**
   * Whole chains, all parameters at once. The two may draw different tokens only if the random
   * number is at the boundary between two.
   */
  @Test
  void agreesWithTheChainInDoublePrecision() {
    int different = 0;
    for (int seed = 0; seed < 4000; seed++) {
      Random random = new Random(seed);
      int vocabSize = 2 + random.nextInt(200);
      float[] logits = CandidatesTest.logits(vocabSize, random);
      SamplingParameters parameters = random(vocabSize, random, seed);
      History history = history(vocabSize, random);
      int sample = random.nextInt(5);
      int step = random.nextInt(10);
      HostSampler sampler = new HostSampler(parameters, vocabSize, 0);
      ChainTrace trace = sampler.trace(logits, history, sample, step);
      int id = trace.chosen();
      double[] p = DoubleChain.of(logits, history, parameters, step, 0).probabilities();
      if (id != inverse(p, Philox.uniform(seed, sample, step))
          || Math.abs(p[id] - trace.drawn()[id]) > 1e-5) {
        different++;
      }
    }
    assertTrue(different <= 20, "different in " + different + " of 4000");
  }

  static SamplingParameters random(int vocabSize, Random random, long seed) {
    SamplingParameters.Builder builder = SamplingParameters.builder().seed(seed);
    if (random.nextBoolean()) {
      builder.repetitionPenalty(0.5 + random.nextDouble());
    }
    if (random.nextBoolean()) {
      builder.frequencyPenalty(random.nextGaussian() * 0.3);
    }
    if (random.nextBoolean()) {
      builder.presencePenalty(random.nextGaussian());
    }
    if (random.nextBoolean()) {
      builder.logitBias(random.nextInt(vocabSize), random.nextGaussian() * 3);
      builder.logitBias(1, Double.NEGATIVE_INFINITY);
      builder.logitBias(0, random.nextGaussian());
    } else {
      builder.minNewTokens(random.nextInt(10));
    }
    return builder
        .temperature(0.2 + 2 * random.nextDouble())
        .topK(random.nextInt(250))
        .topP(random.nextBoolean() ? 1 - random.nextDouble() : 1)
        .minP(random.nextBoolean() ? random.nextDouble() * 0.3 : 0)
        .typicalP(random.nextBoolean() ? 1 - random.nextDouble() : 1)
        .build();
  }

  static History history(int vocabSize, Random random) {
    History history = new History(vocabSize);
    history.start(random.ints(random.nextInt(20), 0, vocabSize).toArray());
    random.ints(random.nextInt(50), 0, vocabSize).forEach(history::add);
    return history;
  }

  @Test
  void temperatureZeroTakesTheLargestLogitAndTheLowestIdOfTies() {
    HostSampler greedy = new HostSampler(new SamplingParameters(0, 2, 1), 5);
    assertEquals(1, greedy.sample(new float[] {-1, 3, 2, 3, 3}, 0, 0));
    assertEquals(0, greedy.sample(new float[5], 0, 0));
    assertEquals(4, greedy.sample(new float[] {-5, -4, -3, NEGATIVE_INFINITY, -2}, 0, 0));
    assertEquals(0, greedy.sample(new float[] {-0f, 0f, -1, -1, -1}, 0, 0));
  }

  @Test
  void tiesWithTheKthAreKept() {
    float[] logits = {0, 5, 1, 5, 5, 2};
    for (int k = 1; k <= 3; k++) {
      assertDrawable(logits, k, 1, 3, 4);
    }
    assertDrawable(logits, 4, 1, 3, 4, 5);
    // -0 and 0 are ties, as in a comparison of floats.
    assertDrawable(new float[] {-1, -0f, 0f, -1}, 1, 1, 2);
  }

  @Test
  void topKIsOffAtZeroAndClampedToTheVocabulary() {
    float[] logits = {0, 1, 2};
    assertDrawable(logits, 0, 0, 1, 2);
    assertDrawable(logits, 3, 0, 1, 2);
    assertDrawable(logits, Integer.MAX_VALUE, 0, 1, 2);
    assertDrawable(logits, 1, 2);
  }

  @Test
  void theExtremeRandomNumbersDrawPossibleTokens() {
    int last = (1 << 24) - 1;
    Candidates two = started(NEGATIVE_INFINITY, -200, 0, 0, -2000, NEGATIVE_INFINITY);
    assertEquals(2, two.draw(0));
    assertEquals(2, two.draw((1 << 23) - 1));
    assertEquals(3, two.draw(1 << 23));
    assertEquals(3, two.draw(last));
    assertEquals(0.5, two.probabilities()[3]);
    assertEquals(0, two.probabilities()[1]); // 2^-288
    Candidates faint = started(-30.49f, 0, -100); // 2^-43.99, of which one unit is left
    assertEquals(0, faint.draw(0));
    assertEquals(1, faint.draw(1));
    assertEquals(0x1p-44, faint.probabilities()[0], 1e-20);
    for (int seed = 0; seed < 500; seed++) {
      Random random = new Random(seed);
      float[] some = new float[1000];
      for (int i = 0; i < some.length; i++) {
        some[i] = random.nextInt(10) > 0 ? NEGATIVE_INFINITY : (float) random.nextGaussian();
      }
      some[random.nextInt(some.length)] = 5;
      Candidates candidates = started(some);
      for (int r : new int[] {0, 1, last - 1, last}) {
        int id = candidates.draw(r);
        assertTrue(some[id] > NEGATIVE_INFINITY, "seed " + seed);
        assertTrue(candidates.probabilities()[id] > 0, "seed " + seed);
      }
    }
  }

  private static Candidates started(float... logits) {
    SamplingParameters all = SamplingParameters.builder().build();
    Candidates candidates = new Candidates(ChainConstants.of(all), logits.length);
    float max = NEGATIVE_INFINITY;
    for (float logit : logits) {
      max = Math.max(max, logit);
    }
    candidates.start(logits, max);
    return candidates;
  }

  @Test
  void extremeTemperaturesApproachGreedyAndUniform() {
    float[] logits = {-9e37f, 1, 9e37f, 9e37f, 2};
    for (double cold : new double[] {1e-30, 1e-300, Double.MIN_VALUE}) {
      int[] counts = new int[5];
      HostSampler sampler = new HostSampler(new SamplingParameters(cold, 0, 3), 5);
      for (int step = 0; step < 400; step++) {
        ChainTrace trace = sampler.trace(logits, null, 0, step);
        counts[trace.chosen()]++;
        assertEquals(0.5, trace.drawn()[trace.chosen()]);
      }
      assertEquals(400, counts[2] + counts[3]);
      assertTrue(counts[2] > 100 && counts[3] > 100, Arrays.toString(counts));
    }
    float[] warm = {-3, 1, 5, 5, 2};
    HostSampler hot = new HostSampler(new SamplingParameters(1000, 0, 3), 5);
    boolean[] seen = new boolean[5];
    for (int step = 0; step < 400; step++) {
      ChainTrace trace = hot.trace(warm, null, 0, step);
      seen[trace.chosen()] = true;
      assertEquals(0.2, trace.drawn()[trace.chosen()], 0.002);
    }
    for (boolean each : seen) {
      assertTrue(each);
    }
    // Top-k still distinguishes the logits.
    HostSampler one = new HostSampler(new SamplingParameters(1000, 1, 3), 3);
    assertEquals(1, one.trace(new float[] {5, 5.001f, 4}, null, 0, 0).drawn()[1]);
  }

  @Test
  void invalidLogitsAreAnError() {
    for (double temperature : new double[] {0, 0.8}) {
      HostSampler sampler = new HostSampler(new SamplingParameters(temperature, 2, 0), 3);
      assertInvalid(
          "the model produced NaN logits;"
              + " its weights are damaged or too large for its arithmetic",
          sampler,
          7,
          Float.NaN,
          0);
      assertInvalid(
          "the model produced infinite logits;"
              + " its weights are damaged or too large for its arithmetic",
          sampler,
          0,
          1,
          Float.POSITIVE_INFINITY);
      assertInvalid(
          "the model produced no finite logits, all are -infinity",
          sampler,
          NEGATIVE_INFINITY,
          NEGATIVE_INFINITY,
          NEGATIVE_INFINITY);
      assertInvalid(
          "the model produced NaN logits;"
              + " its weights are damaged or too large for its arithmetic",
          sampler,
          Float.NaN,
          Float.NaN,
          Float.NaN);
    }
  }

  @Test
  void logitsBeyondTheVocabularyAreNotRead() {
    float[] logits = {1, 2, 9, Float.NaN};
    assertEquals(1, new HostSampler(new SamplingParameters(0, 0, 0), 2).sample(logits, 0, 0));
    assertEquals(1, new HostSampler(new SamplingParameters(1, 1, 0), 2).sample(logits, 0, 0));
    HostSampler five = new HostSampler(new SamplingParameters(0, 0, 0), 5);
    assertThrows(IllegalArgumentException.class, () -> five.sample(logits, 0, 0));
  }

  /** Checks that 600 draws yield exactly these token ids. */
  private static void assertDrawable(float[] logits, int topK, int... ids) {
    HostSampler sampler = new HostSampler(new SamplingParameters(2, topK, 5), logits.length);
    boolean[] seen = new boolean[logits.length];
    for (int step = 0; step < 600; step++) {
      seen[sampler.sample(logits, 0, step)] = true;
    }
    boolean[] expected = new boolean[logits.length];
    for (int id : ids) {
      expected[id] = true;
    }
    assertEquals(Arrays.toString(expected), Arrays.toString(seen), "top-k " + topK);
  }

  private static void assertInvalid(String message, HostSampler sampler, float... logits) {
    assertEquals(
        message,
        assertThrows(InvalidLogitsException.class, () -> sampler.sample(logits, 0, 0))
            .getMessage());
  }
}
