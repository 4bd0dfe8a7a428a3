package gpt.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Each step by itself, from the state that the integer chain has reached, against the same step in
 * double precision with sorting. They must keep the same ids. They may differ in ids that lie at
 * the cut as near as the numbers below say, which must be rare; then the definition is still held
 * to: no id stays that is clearly further than one that goes, and the probabilities reach p, but
 * not without the last.
 */
class CandidatesTest {
  /** What probabilities may be off by. */
  private static final double NEAR_P = 1e-6;

  /** What distances may be off by, in bits: the rounding of float logits. */
  private static final double NEAR_BITS = 1e-5;

  private static final double LN2 = Math.log(2);

  /** How often two implementations kept other ids, of how many. */
  private static final class Tally {
    int cases;
    int different;
  }

  private final Tally topK = new Tally();
  private final Tally topP = new Tally();
  private final Tally minP = new Tally();
  private final Tally typicalP = new Tally();

  @Test
  void theStepsKeepWhatSortingKeeps() {
    int[][] sizes = {{2, 700}, {65, 1500}, {257, 1500}, {50257, 30}, {200_000, 8}};
    int seed = 0;
    for (int[] size : sizes) {
      for (int i = 0; i < size[1]; i++) {
        compare(size[0], seed++);
      }
    }
    for (Tally tally : new Tally[] {topK, topP, minP, typicalP}) {
      assertTrue(tally.cases > 1500, "cases " + tally.cases);
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
      tally(topK, exact, candidates);
      assertCut(exact.logits.length, candidates, bits, cut, message + ", top-k " + p.topK());
    }
    if (p.topP() < 1) {
      exact = exact(logits, p.temperature(), candidates);
      double[] before = exact.probabilities();
      exact.topP(p.topP());
      candidates.filter(ChainStep.TOP_P);
      tally(topP, exact, candidates);
      assertReached(before, candidates, bits, NEAR_BITS, p.topP(), message + ", top-p");
    }
    if (p.minP() > 0) {
      exact = exact(logits, p.temperature(), candidates);
      int gone = vocabSize - candidates.count();
      exact.minP(p.minP());
      candidates.filter(ChainStep.MIN_P);
      tally(minP, exact, candidates);
      double limit = Arrays.stream(bits).min().orElseThrow() - Math.log(p.minP()) / LN2;
      if (gone == 0) {
        assertCut(vocabSize, candidates, bits, limit, message + ", min-p " + p.minP());
      }
    }
    if (p.typicalP() < 1) {
      exact = exact(logits, p.temperature(), candidates);
      double[] before = exact.probabilities();
      double[] deviations = exact.deviations();
      exact.typicalP(p.typicalP());
      candidates.filter(ChainStep.TYPICAL_P);
      tally(typicalP, exact, candidates);
      assertReached(
          before, candidates, deviations, NEAR_BITS, p.typicalP(), message + ", typical-p");
    }
    assertProbabilities(exact(logits, p.temperature(), candidates), candidates, message);
  }

  /** Flat, peaked or tied. */
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

  /** What the integers have kept so far, in double precision. */
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

  private static void tally(Tally tally, DoubleChain exact, Candidates candidates) {
    tally.cases++;
    for (int id = 0; id < exact.logits.length; id++) {
      if (candidates.kept(id) != exact.logits[id] > Double.NEGATIVE_INFINITY) {
        tally.different++;
        return;
      }
    }
  }

  /** That ids stay up to a distance, those of more than 64 bits aside. */
  private static void assertCut(
      int vocabSize, Candidates candidates, double[] bits, double cut, String message) {
    double most = Arrays.stream(bits).min().orElseThrow() + 64;
    for (int id = 0; id < vocabSize; id++) {
      boolean right =
          candidates.kept(id)
              ? bits[id] < cut + NEAR_BITS
              : bits[id] > Math.min(cut, most) - NEAR_BITS;
      assertTrue(right, message + ", id " + id + " at " + bits[id] + ", cut " + cut);
    }
  }

  /** That an order is followed, and no further than p asks. */
  private static void assertReached(
      double[] before,
      Candidates candidates,
      double[] keys,
      double near,
      double p,
      String message) {
    double lastKept = Double.NEGATIVE_INFINITY;
    double firstGone = Double.POSITIVE_INFINITY;
    double mass = 0;
    for (int id = 0; id < keys.length; id++) {
      if (candidates.kept(id)) {
        lastKept = Math.max(lastKept, keys[id]);
        mass += before[id];
      } else if (before[id] > 0) {
        firstGone = Math.min(firstGone, keys[id]);
      }
    }
    assertTrue(lastKept < firstGone + near, message + ": " + lastKept + " > " + firstGone);
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
    // Of equals at the edge the highest ids go.
    if (keys[edge] == lastKept) {
      assertTrue(mass - before[edge] < p + NEAR_P, message + ": without " + edge);
    }
  }

  private static void assertProbabilities(DoubleChain exact, Candidates c, String message) {
    double[] p = exact.probabilities();
    int step = Math.max(1, p.length / 100);
    for (int id = 0; id < p.length; id += step) {
      assertEquals(p[id], c.probability(id), 1e-12 + 5e-6 * p[id], message + ", id " + id);
    }
  }

  @Test
  void ofEqualsTheLowestIdsStay() {
    float[] logits = {1, 1, 3, 1, 1};
    // 3 has 0.6487 of the whole and the others 0.0878 each.
    assertArrayEquals(new int[] {0, 1, 2}, keptBy(logits, "top-p", 0.8));
    assertArrayEquals(new int[] {2}, keptBy(logits, "top-p", 0.6));
    assertArrayEquals(new int[] {2}, keptBy(logits, "top-p", 1e-9));
    assertArrayEquals(new int[] {0, 1, 2, 3, 4}, keptBy(logits, "top-p", 0.95));
    // Half of the mass is half of the ids, where all are equal.
    assertArrayEquals(new int[] {0, 1}, keptBy(new float[4], "top-p", 0.5));
    assertArrayEquals(new int[] {0, 1}, keptBy(new float[4], "typical-p", 0.5));
    assertArrayEquals(new int[] {0}, keptBy(new float[4], "typical-p", 1e-9));
    // Entropy 1.64 bits: the likeliest has 0.62 of information, 1.02 off, and the others 3.51.
    assertArrayEquals(new int[] {0, 2}, keptBy(logits, "typical-p", 0.7));
  }

  @Test
  void typicalPMayLeaveTheLikeliestOut() {
    // One of 0.4 and sixty of 0.01: the mean is 4.51 bits, 3.19 and 2.13 away.
    float[] logits = new float[61];
    Arrays.fill(logits, (float) Math.log(0.01));
    logits[7] = (float) Math.log(0.4);
    int[] kept = keptBy(logits, "typical-p", 0.3);
    assertEquals(30, kept.length);
    assertTrue(Arrays.stream(kept).noneMatch(id -> id == 7));
  }

  /** What a high temperature makes of logits differs little from id to id. */
  @Test
  void typicalPFindsTheRightIdsAtHighTemperatures() {
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
  void minPKeepsTheLikeliestAndItsEquals() {
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
