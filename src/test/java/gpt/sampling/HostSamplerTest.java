package gpt.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HostSamplerTest {
  private static final float NEGATIVE_INFINITY = Float.NEGATIVE_INFINITY;

  /** nanoGPT's chain, step by step, with sorting. */
  private static double[] probabilities(float[] logits, SamplingParameters parameters) {
    int n = logits.length;
    double[] scaled = new double[n];
    for (int i = 0; i < n; i++) {
      scaled[i] = logits[i] / parameters.temperature();
    }
    if (parameters.topK() > 0) {
      double[] sorted = scaled.clone();
      Arrays.sort(sorted);
      double kth = sorted[n - Math.min(parameters.topK(), n)];
      for (int i = 0; i < n; i++) {
        if (scaled[i] < kth) {
          scaled[i] = Double.NEGATIVE_INFINITY;
        }
      }
    }
    double max = Arrays.stream(scaled).max().orElseThrow();
    double[] p = Arrays.stream(scaled).map(x -> Math.exp(x - max)).toArray();
    double sum = Arrays.stream(p).sum();
    return Arrays.stream(p).map(x -> x / sum).toArray();
  }

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

  @Test
  void agreesWithTheChainStepByStep() {
    for (int seed = 0; seed < 2000; seed++) {
      Random random = new Random(seed);
      float[] logits = new float[1 + random.nextInt(200)];
      boolean ties = random.nextBoolean();
      for (int i = 0; i < logits.length; i++) {
        logits[i] = ties ? random.nextInt(6) : (float) random.nextGaussian() * 3;
      }
      SamplingParameters parameters =
          new SamplingParameters(0.2 + 2 * random.nextDouble(), random.nextInt(250), seed);
      int sample = random.nextInt(5);
      int step = random.nextInt(1000);
      double[] p = probabilities(logits, parameters);
      HostSampler sampler = new HostSampler(parameters, logits.length);
      int id = sampler.sample(logits, sample, step);
      assertEquals(inverse(p, Philox.uniform(seed, sample, step)), id, "seed " + seed);
      assertEquals(p[id], sampler.probability(), 1e-12, "seed " + seed);
    }
  }

  /** A chain without its temperature, or without its top-k, fails this by thousands. */
  @Test
  void drawsAsOftenAsTheProbabilitiesSay() {
    Random random = new Random(11);
    float[] logits = new float[60];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) random.nextGaussian() * 2;
    }
    SamplingParameters parameters = new SamplingParameters(1.3, 25, 42);
    double[] p = probabilities(logits, parameters);
    HostSampler sampler = new HostSampler(parameters, logits.length);
    int draws = 200_000;
    int[] counts = new int[logits.length];
    for (int i = 0; i < draws; i++) {
      counts[sampler.sample(logits, i % 4, i / 4)]++;
    }
    double chiSquare = 0;
    int kept = 0;
    for (int i = 0; i < p.length; i++) {
      if (p[i] == 0) {
        assertEquals(0, counts[i], "id " + i + " is not among the 25 largest");
      } else {
        kept++;
        chiSquare += Math.pow(counts[i] - draws * p[i], 2) / (draws * p[i]);
      }
    }
    assertEquals(25, kept);
    assertTrue(chiSquare < 24 + 4 * Math.sqrt(2 * 24), "chi-square " + chiSquare);
  }

  @Test
  void temperatureZeroTakesTheLargestAndTheLowestIdOfEquals() {
    HostSampler greedy = new HostSampler(new SamplingParameters(0, 2, 1), 5);
    assertEquals(1, greedy.sample(new float[] {-1, 3, 2, 3, 3}, 0, 0));
    assertEquals(0, greedy.sample(new float[5], 0, 0));
    assertEquals(4, greedy.sample(new float[] {-5, -4, -3, NEGATIVE_INFINITY, -2}, 0, 0));
    assertEquals(0, greedy.sample(new float[] {-0f, 0f, -1, -1, -1}, 0, 0));
    assertEquals(1.0, greedy.probability());
  }

  @Test
  void tiesAtTheThresholdStay() {
    float[] logits = {0, 5, 1, 5, 5, 2};
    for (int k = 1; k <= 3; k++) {
      assertDrawable(logits, k, 1, 3, 4);
    }
    assertDrawable(logits, 4, 1, 3, 4, 5);
    // The two zeros are equal, as they are in a comparison of floats.
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
  void theIdDrawnIsPossibleAtBothEndsOfTheRange() {
    HostSampler sampler = new HostSampler(new SamplingParameters(1, 0, 0), 6);
    float[] logits = {NEGATIVE_INFINITY, -200, 0, 0, -2000, NEGATIVE_INFINITY};
    assertEquals(1, sampler.draw(logits, 0, 0));
    assertEquals(2, sampler.draw(logits, 0, 0x1p-24));
    assertEquals(2, sampler.draw(logits, 0, 0.5 - 0x1p-24));
    assertEquals(3, sampler.draw(logits, 0, 0.5 + 0x1p-24));
    assertEquals(3, sampler.draw(logits, 0, 1 - 0x1p-24));
    assertEquals(3, sampler.draw(logits, 0, 1));
    for (int seed = 0; seed < 500; seed++) {
      Random random = new Random(seed);
      float[] some = new float[1000];
      for (int i = 0; i < some.length; i++) {
        some[i] = random.nextInt(10) > 0 ? NEGATIVE_INFINITY : (float) random.nextGaussian();
      }
      some[random.nextInt(some.length)] = 5;
      HostSampler thousand = new HostSampler(new SamplingParameters(1, 0, 0), some.length);
      for (double u : new double[] {0, 1 - 0x1p-24, Math.nextDown(1.0)}) {
        int id = thousand.draw(some, 5, u);
        assertTrue(some[id] > NEGATIVE_INFINITY, "seed " + seed);
        assertTrue(thousand.probability() > 0, "seed " + seed);
      }
    }
  }

  @Test
  void extremeTemperaturesAreTheirLimits() {
    float[] logits = {-3e38f, 1, 3e38f, 3e38f, 2};
    for (double cold : new double[] {1e-30, 1e-300, Double.MIN_VALUE}) {
      int[] counts = new int[5];
      HostSampler sampler = new HostSampler(new SamplingParameters(cold, 0, 3), 5);
      for (int step = 0; step < 400; step++) {
        counts[sampler.sample(logits, 0, step)]++;
        assertEquals(0.5, sampler.probability());
      }
      assertEquals(400, counts[2] + counts[3]);
      assertTrue(counts[2] > 100 && counts[3] > 100, Arrays.toString(counts));
    }
    HostSampler hot = new HostSampler(new SamplingParameters(Double.MAX_VALUE, 0, 3), 5);
    boolean[] seen = new boolean[5];
    for (int step = 0; step < 400; step++) {
      seen[hot.sample(logits, 0, step)] = true;
      assertEquals(0.2, hot.probability(), 1e-12);
    }
    for (boolean each : seen) {
      assertTrue(each);
    }
  }

  @Test
  void noTokenIsDrawnFromBrokenLogits() {
    for (double temperature : new double[] {0, 0.8}) {
      HostSampler sampler = new HostSampler(new SamplingParameters(temperature, 2, 0), 3);
      assertBroken(
          "the model produced NaN logits, first for id 1;"
              + " its weights are damaged or too large for its arithmetic",
          sampler,
          7,
          Float.NaN,
          0);
      assertBroken(
          "the model produced infinite logits, first for id 2;"
              + " its weights are damaged or too large for its arithmetic",
          sampler,
          0,
          1,
          Float.POSITIVE_INFINITY);
      assertBroken(
          "the model produced no finite logits, all are -infinity",
          sampler,
          NEGATIVE_INFINITY,
          NEGATIVE_INFINITY,
          NEGATIVE_INFINITY);
      assertBroken(
          "the model produced NaN logits, first for id 0;"
              + " its weights are damaged or too large for its arithmetic",
          sampler,
          Float.NaN,
          Float.NaN,
          Float.NaN);
    }
  }

  @Test
  void onlyTheVocabularysLogitsCount() {
    float[] logits = {1, 2, 9, Float.NaN};
    assertEquals(1, new HostSampler(new SamplingParameters(0, 0, 0), 2).sample(logits, 0, 0));
    assertEquals(1, new HostSampler(new SamplingParameters(1, 1, 0), 2).sample(logits, 0, 0));
    HostSampler five = new HostSampler(new SamplingParameters(0, 0, 0), 5);
    assertThrows(IllegalArgumentException.class, () -> five.sample(logits, 0, 0));
  }

  /** That the ids of these parameters, and no others, are drawn in 600 tries. */
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

  private static void assertBroken(String message, HostSampler sampler, float... logits) {
    assertEquals(
        message,
        assertThrows(InvalidLogitsException.class, () -> sampler.sample(logits, 0, 0))
            .getMessage());
  }
}
