package gpt.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Compares each filter of the integer chain with the same filter in double precision with sorting,
 * both from the state that the integer chain has reached. They must keep the same tokens. Rarely
 * they may differ in tokens within the tolerances below of the threshold; the definition must hold
 * even then: no kept token is clearly beyond a removed one, and the probabilities of the kept
 * tokens reach p, but not without the last.
 */
class CandidatesTest {
  /** Tolerance of probabilities. */
  private static final double NEAR_P = 1e-6;

  /** Tolerance of distances in bits: the rounding of float logits. */
  private static final double NEAR_BITS = 1e-5;

  private static final double LN2 = Math.log(2);

  /** In how many cases the two implementations kept different tokens. */
  private static final class Counts {
    int cases;
    int different;
  }

  private final Counts topK = new Counts();
  private final Counts topP = new Counts();
  private final Counts minP = new Counts();
  private final Counts typicalP = new Counts();

  @Test
  void filtersKeepTheSameTokensAsSorting() {
    int[][] sizes = {{2, 700}, {65, 1500}, {257, 1500}, {50257, 30}, {200_000, 8}};
    int seed = 0;
    for (int[] size : sizes) {
      for (int i = 0; i < size[1]; i++) {
        compare(size[0], seed++);
      }
    }
    for (Counts counts : new Counts[] {topK, topP, minP, typicalP}) {
      assertTrue(counts.cases > 1500, "cases " + counts.cases);
    }
    assertTrue(topK.different * 200 <= topK.cases, topK.different + " times top-k");
    assertTrue(topP.different * 200 <= topP.cases, topP.different + " times top-p");
    assertTrue(minP.different * 200 <= minP.cases, minP.different + " times min-p");
    assertTrue(typicalP.different * 200 <= typicalP.cases, typicalP.different + " times typical-p");
  }

  private void compare(int vocabSize, int seed) {
    Random random = new Random(seed);
    String message = "V " + vocabSize + ", seed " + seed;
    float[] logits = logits(vocabSize, random);
    SamplingParameters p =
        SamplingParameters.builder()
            .temperature(0.1 + 2 * random.nextDouble())
            .topK(random.nextBoolean() ? 1 + random.nextInt(vocabSize + 3) : 0)
            .topP(random.nextBoolean() ? 1 - Math.pow(random.nextDouble(), 2) : 1)
            .minP(random.nextBoolean() ? Math.pow(random.nextDouble(), 4) : 0)
            .typicalP(random.nextBoolean() ? 1 - random.nextDouble() : 1)
            .build();
    float max = logits[0];
    for (float logit : logits) {
      max = Math.max(max, logit);
    }
    Candidates candidates = new Candidates(ChainConstants.of(p), vocabSize);
    candidates.start(logits, max);
    for (int id = 0; id < vocabSize; id++) {
      double bits = ((double) max - logits[id]) / p.temperature() / LN2;
      assertTrue(
          candidates.kept(id) ? bits < 64 + NEAR_BITS : bits > 64 - NEAR_BITS,
          message + ", " + bits + " bits");
    }
    DoubleChain exact = exact(logits, p.temperature(), candidates);
    assertProbabilities(exact, candidates, message);

    double[] bits = bits(logits, p.temperature());
    if (p.topK() > 0) {
      exact.topK(p.topK());
      candidates.filter(ChainStep.TOP_K);
      double cut = furthestKept(exact, bits);
      count(topK, exact, candidates);
      assertCut(exact.logits.length, candidates, bits, cut, message + ", top-k " + p.topK());
    }
    if (p.topP() < 1) {
      exact = exact(logits, p.temperature(), candidates);
      double[] before = exact.probabilities();
      exact.topP(p.topP());
      candidates.filter(ChainStep.TOP_P);
      count(topP, exact, candidates);
      assertReached(before, candidates, bits, NEAR_BITS, p.topP(), message + ", top-p");
    }
    if (p.minP() > 0) {
      exact = exact(logits, p.temperature(), candidates);
      int removed = vocabSize - candidates.count();
      exact.minP(p.minP());
      candidates.filter(ChainStep.MIN_P);
      count(minP, exact, candidates);
      double limit = Arrays.stream(bits).min().orElseThrow() - Math.log(p.minP()) / LN2;
      if (removed == 0) {
        assertCut(vocabSize, candidates, bits, limit, message + ", min-p " + p.minP());
      }
    }
    if (p.typicalP() < 1) {
      exact = exact(logits, p.temperature(), candidates);
      double[] before = exact.probabilities();
      double[] deviations = exact.deviations();
      exact.typicalP(p.typicalP());
      candidates.filter(ChainStep.TYPICAL_P);
      count(typicalP, exact, candidates);
      assertReached(
          before, candidates, deviations, NEAR_BITS, p.typicalP(), message + ", typical-p");
    }
    assertProbabilities(exact(logits, p.temperature(), candidates), candidates, message);
  }

  /** Random logits: flat, peaked or with ties. */
  static float[] logits(int vocabSize, Random random) {
    float[] logits = new float[vocabSize];
    int kind = random.nextInt(4);
    double spread = Math.pow(10, random.nextDouble() * 2 - 1); // 0.1 to 10
    for (int id = 0; id < vocabSize; id++) {
      logits[id] =
          (float)
              switch (kind) {
                case 0 -> random.nextGaussian() * 0.01;
                case 1 -> random.nextGaussian() * spread;
                case 2 -> random.nextInt(6) * spread - 3;
                default -> random.nextGaussian() * 0.1 + Math.pow(random.nextDouble(), 40) * 30;
              };
    }
    return logits;
  }

  /** The tokens that the integer chain has kept so far, in double precision. */
  private static DoubleChain exact(float[] logits, double temperature, Candidates candidates) {
    DoubleChain chain = new DoubleChain(new double[logits.length]);
    for (int id = 0; id < logits.length; id++) {
      chain.logits[id] = candidates.kept(id) ? logits[id] : Double.NEGATIVE_INFINITY;
    }
    chain.temperature(temperature);
    return chain;
  }

  private static double[] bits(float[] logits, double temperature) {
    return IntStream.range(0, logits.length)
        .mapToDouble(id -> -logits[id] / temperature / LN2)
        .toArray();
  }

  private static double furthestKept(DoubleChain chain, double[] keys) {
    return IntStream.range(0, keys.length)
        .filter(id -> chain.logits[id] > Double.NEGATIVE_INFINITY)
        .mapToDouble(id -> keys[id])
        .max()
        .orElseThrow();
  }

  private static void count(Counts counts, DoubleChain exact, Candidates candidates) {
    counts.cases++;
    for (int id = 0; id < exact.logits.length; id++) {
      if (candidates.kept(id) != exact.logits[id] > Double.NEGATIVE_INFINITY) {
        counts.different++;
        return;
      }
    }
  }

  /** Checks that the kept tokens are those up to a distance, or up to 64 bits if that is less. */
  private static void assertCut(
      int vocabSize, Candidates candidates, double[] bits, double cut, String message) {
    double limit = Arrays.stream(bits).min().orElseThrow() + 64;
    for (int id = 0; id < vocabSize; id++) {
      boolean valid =
          candidates.kept(id)
              ? bits[id] < cut + NEAR_BITS
              : bits[id] > Math.min(cut, limit) - NEAR_BITS;
      assertTrue(valid, message + ", id " + id + " at " + bits[id] + ", cut " + cut);
    }
  }

  /** Checks that the kept tokens are the first in an order, and no more than p requires. */
  private static void assertReached(
      double[] before,
      Candidates candidates,
      double[] keys,
      double near,
      double p,
      String message) {
    double lastKept = Double.NEGATIVE_INFINITY;
    double firstRemoved = Double.POSITIVE_INFINITY;
    double mass = 0;
    for (int id = 0; id < keys.length; id++) {
      if (candidates.kept(id)) {
        lastKept = Math.max(lastKept, keys[id]);
        mass += before[id];
      } else if (before[id] > 0) {
        firstRemoved = Math.min(firstRemoved, keys[id]);
      }
    }
    assertTrue(lastKept < firstRemoved + near, message + ": " + lastKept + " > " + firstRemoved);
    assertTrue(mass > p - NEAR_P, message + ": mass " + mass);
    double clearlyInside = 0;
    int edge = -1;
    for (int id = 0; id < keys.length; id++) {
      if (candidates.kept(id)) {
        if (keys[id] < lastKept - near) {
          clearlyInside += before[id];
        } else {
          edge = id;
        }
      }
    }
    assertTrue(clearlyInside < p + NEAR_P, message + ": without the last " + clearlyInside);
    // Of ties at the threshold the highest ids are removed.
    if (keys[edge] == lastKept) {
      assertTrue(mass - before[edge] < p + NEAR_P, message + ": without " + edge);
    }
  }

  private static void assertProbabilities(DoubleChain exact, Candidates c, String message) {
    double[] p = exact.probabilities();
    int step = Math.max(1, p.length / 100);
    for (int id = 0; id < p.length; id += step) {
      assertEquals(p[id], c.probabilities()[id], 1e-12 + 5e-6 * p[id], message + ", id " + id);
    }
  }

  @Test
  void ofTiesTheLowestIdsAreKept() {
    float[] logits = {1, 1, 3, 1, 1};
    // The logit 3 has probability 0.6487, the others 0.0878 each.
    assertArrayEquals(new int[] {0, 1, 2}, keptBy(logits, "top-p", 0.8));
    assertArrayEquals(new int[] {2}, keptBy(logits, "top-p", 0.6));
    assertArrayEquals(new int[] {2}, keptBy(logits, "top-p", 1e-9));
    assertArrayEquals(new int[] {0, 1, 2, 3, 4}, keptBy(logits, "top-p", 0.95));
    // All logits equal: half of the probability is half of the tokens.
    assertArrayEquals(new int[] {0, 1}, keptBy(new float[4], "top-p", 0.5));
    assertArrayEquals(new int[] {0, 1}, keptBy(new float[4], "typical-p", 0.5));
    assertArrayEquals(new int[] {0}, keptBy(new float[4], "typical-p", 1e-9));
    // Entropy 1.64 bits. Information: 0.62 bits for the likeliest, 1.02 off; 3.51 for the others.
    assertArrayEquals(new int[] {0, 2}, keptBy(logits, "typical-p", 0.7));
  }

  @Test
  void typicalPMayRemoveTheLikeliest() {
    // One probability of 0.4, sixty of 0.01: entropy 4.51 bits; 3.19 and 2.13 away from it.
    float[] logits = new float[61];
    Arrays.fill(logits, (float) Math.log(0.01));
    logits[7] = (float) Math.log(0.4);
    int[] kept = keptBy(logits, "typical-p", 0.3);
    assertEquals(30, kept.length);
    assertTrue(Arrays.stream(kept).noneMatch(id -> id == 7));
  }

  /** At high temperatures the distances differ little from token to token. */
  @Test
  void typicalPKeepsTheRightTokensAtHighTemperatures() {
    for (double temperature : new double[] {2, 10, 50, 200, 1000}) {
      for (int seed = 0; seed < 300; seed++) {
        Random random = new Random(seed);
        float[] logits = new float[65];
        for (int id = 0; id < logits.length; id++) {
          logits[id] = (float) (3 * random.nextGaussian());
        }
        SamplingParameters p =
            SamplingParameters.builder()
                .temperature(temperature)
                .typicalP(seed % 2 == 0 ? 1e-9 : random.nextDouble())
                .build();
        DoubleChain exact = DoubleChain.of(logits, null, p, 0);
        int[] expected =
            IntStream.range(0, logits.length)
                .filter(id -> exact.logits[id] > Double.NEGATIVE_INFINITY)
                .toArray();
        assertArrayEquals(
            expected, kept(logits, p), "temperature " + temperature + ", seed " + seed);
      }
    }
  }

  @Test
  void minPKeepsTheLikeliestAndItsTies() {
    float[] logits = {0, (float) Math.log(2), (float) Math.log(8), (float) Math.log(8)};
    assertArrayEquals(new int[] {2, 3}, keptBy(logits, "min-p", 1));
    assertArrayEquals(new int[] {2, 3}, keptBy(logits, "min-p", 0.999));
    assertArrayEquals(new int[] {1, 2, 3}, keptBy(logits, "min-p", 0.24));
    assertArrayEquals(new int[] {0, 1, 2, 3}, keptBy(logits, "min-p", 0.12));
    assertArrayEquals(new int[] {2, 3}, keptBy(logits, "min-p", 0.26));
  }

  private static int[] keptBy(float[] logits, String step, double p) {
    SamplingParameters.Builder builder = SamplingParameters.builder();
    switch (step) {
      case "top-p" -> builder.topP(p);
      case "min-p" -> builder.minP(p);
      default -> builder.typicalP(p);
    }
    return kept(logits, builder.build());
  }

  private static int[] kept(float[] logits, SamplingParameters parameters) {
    Candidates candidates = new Candidates(ChainConstants.of(parameters), logits.length);
    float max = Float.NEGATIVE_INFINITY;
    for (float logit : logits) {
      max = Math.max(max, logit);
    }
    candidates.start(logits, max);
    candidates.filter(ChainStep.TOP_P);
    candidates.filter(ChainStep.MIN_P);
    candidates.filter(ChainStep.TYPICAL_P);
    return IntStream.range(0, logits.length).filter(candidates::kept).toArray();
  }
}
