package gpt.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The steps that change logits. */
class LogitsProcessorTest {
  private static final float MASKED = Float.NEGATIVE_INFINITY;

  private static LogitsProcessor steps(
      SamplingParameters parameters, int vocabSize, int... stopIds) {
    return new LogitsProcessor(parameters, ChainConstants.of(parameters), vocabSize, stopIds);
  }

  private static float[] changed(
      SamplingParameters parameters, History history, int step, int[] stopIds, float... logits) {
    LogitsProcessor steps = steps(parameters, logits.length, stopIds);
    steps.start(logits);
    steps.repetition(history);
    steps.frequencyAndPresence(history);
    steps.bias();
    steps.minNewTokens(step);
    return steps.values();
  }

  /** Ids 0 and 3 in the prompt, 3 generated once and 4 three times. */
  private static History history() {
    History history = new History(6);
    history.start(new int[] {0, 3, 0});
    for (int id : new int[] {4, 3, 4, 4}) {
      history.add(id);
    }
    return history;
  }

  @Test
  void theRepetitionPenaltyDividesPositiveLogitsAndMultipliesOthers() {
    SamplingParameters p = SamplingParameters.builder().repetitionPenalty(2).build();
    assertArrayEquals(
        new float[] {1, 2, -2, 0, -4, 2}, changed(p, history(), 0, new int[0], 2, 2, -2, 0, -2, 2));
  }

  @Test
  void frequencyCountsEachOccurrenceAndPresenceOnceOfGeneratedTokens() {
    SamplingParameters frequency = SamplingParameters.builder().frequencyPenalty(0.5).build();
    assertArrayEquals(
        new float[] {1, 1, 1, 0.5f, -0.5f, 1},
        changed(frequency, history(), 0, new int[0], 1, 1, 1, 1, 1, 1));
    SamplingParameters presence = SamplingParameters.builder().presencePenalty(0.75).build();
    assertArrayEquals(
        new float[] {1, 1, 1, 0.25f, 0.25f, 1},
        changed(presence, history(), 0, new int[0], 1, 1, 1, 1, 1, 1));
    // Negative penalties favor repetition.
    SamplingParameters more =
        SamplingParameters.builder().frequencyPenalty(-1).presencePenalty(-2).build();
    assertArrayEquals(
        new float[] {1, 1, 1, 4, 6, 1}, changed(more, history(), 0, new int[0], 1, 1, 1, 1, 1, 1));
  }

  @Test
  void penaltiesDoNotOverflowAfterAMillionTokens() {
    History history = new History(2);
    for (int i = 0; i < 1_000_000; i++) {
      history.add(0);
    }
    for (double penalty : new double[] {0.001, 0.1, 2, 100}) {
      SamplingParameters p =
          SamplingParameters.builder().frequencyPenalty(penalty).presencePenalty(penalty).build();
      float value = changed(p, history, 0, new int[0], 7, 7)[0];
      double exact = 7 - 1_000_001 * penalty;
      // The total is bounded by 2¹⁴, after which a token is never drawn; penalties are rounded to
      // 2⁻¹⁶.
      double rounding = 1_000_000 * 0x1p-17 + penalty;
      assertEquals(Math.max(exact, 7 - 16384), value, rounding, "penalty " + penalty);
    }
  }

  @Test
  void aBiasIsAddedAndMinusInfinityBans() {
    SamplingParameters p =
        SamplingParameters.builder().logitBias(Map.of(1, 2.5, 2, Double.NEGATIVE_INFINITY)).build();
    assertArrayEquals(
        new float[] {1, 3.5f, MASKED}, changed(p, new History(3), 0, new int[0], 1, 1, 1));
    assertEquals(
        "logit-bias: ids go from 0 to 1, found 2",
        assertThrows(IllegalArgumentException.class, () -> steps(p, 2)).getMessage());
  }

  @Test
  void stopIdsAreBannedUntilTheMinimum() {
    SamplingParameters p = SamplingParameters.builder().minNewTokens(3).build();
    for (int step = 0; step < 6; step++) {
      float[] expected = step < 3 ? new float[] {MASKED, 1, MASKED} : new float[] {1, 1, 1};
      assertArrayEquals(
          expected, changed(p, new History(3), step, new int[] {2, 0, 9}, 1, 1, 1), "step " + step);
    }
  }

  @Test
  void theOrderIsRepetitionThenFrequencyAndPresenceThenBias() {
    SamplingParameters p =
        SamplingParameters.builder()
            .repetitionPenalty(2)
            .frequencyPenalty(1)
            .presencePenalty(0.5)
            .logitBias(4, 10)
            .build();
    // 6 / 2 - 3 - 0.5 + 10; -1 · 2 - 1 - 0.5
    float[] values = changed(p, history(), 0, new int[0], 0, 0, 0, -1, 6, 0);
    assertEquals(9.5f, values[4]);
    assertEquals(-3.5f, values[3]);
  }

  @Test
  void randomCasesAgreeWithDoublePrecision() {
    for (int seed = 0; seed < 2000; seed++) {
      Random random = new Random(seed);
      int vocabSize = 2 + random.nextInt(300);
      float[] logits = CandidatesTest.logits(vocabSize, random);
      History history = HostSamplerTest.history(vocabSize, random);
      SamplingParameters p =
          SamplingParameters.builder()
              .repetitionPenalty(Math.exp(random.nextGaussian()))
              .frequencyPenalty(random.nextGaussian())
              .presencePenalty(random.nextGaussian())
              .logitBias(random.nextInt(vocabSize), random.nextGaussian() * 5)
              .minNewTokens(random.nextInt(3))
              .build();
      float[] values = changed(p, history, 1, new int[] {1}, logits);
      double[] exact = DoubleChain.of(logits, history, p, 1, 1).logits;
      for (int id = 0; id < vocabSize; id++) {
        String message = "seed " + seed + ", id " + id;
        // A penalty is rounded to 2^-16 and multiplied by a count of up to 50.
        assertTrue(
            values[id] == exact[id] || Math.abs(values[id] - exact[id]) < 5e-4,
            message + ": " + values[id] + ", not " + exact[id]);
      }
    }
  }

  @Test
  void maskedTokensStayMasked() {
    SamplingParameters p =
        SamplingParameters.builder()
            .repetitionPenalty(0.5)
            .frequencyPenalty(-100)
            .logitBias(0, 1e30)
            .build();
    History history = history();
    assertEquals(MASKED, changed(p, history, 0, new int[0], MASKED, 0, 0, 0, MASKED, 0)[0]);
    assertEquals(MASKED, changed(p, history, 0, new int[0], -2e38f, 0, 0, 0, 1, 0)[0]);
  }

  @Test
  void banningAllTokensIsAnError() {
    SamplingParameters p =
        SamplingParameters.builder()
            .minNewTokens(2)
            .logitBias(Map.of(0, Double.NEGATIVE_INFINITY, 2, Double.NEGATIVE_INFINITY))
            .build();
    for (double temperature : new double[] {0, 1}) {
      SamplingParameters each =
          SamplingParameters.builder()
              .minNewTokens(p.minNewTokens())
              .logitBias(p.logitBias())
              .temperature(temperature)
              .build();
      HostSampler sampler = new HostSampler(each, 3, 1);
      float[] logits = {1, 2, 3};
      assertEquals(
          "all candidates are banned: the logit biases and the minimum of new tokens leave none",
          assertThrows(InvalidLogitsException.class, () -> sampler.sample(logits, 0, 1))
              .getMessage());
      assertEquals(1, sampler.sample(logits, 0, 2));
    }
  }

  /** A logit that a penalty makes infinite is still the likeliest. */
  @Test
  void overflowToInfinityKeepsTheToken() {
    SamplingParameters p =
        SamplingParameters.builder().repetitionPenalty(0.001).temperature(0.7).build();
    History history = new History(3);
    history.start(new int[] {1, 2});
    HostSampler sampler = new HostSampler(p, 3);
    ChainTrace trace = sampler.trace(new float[] {1, 3e38f, -3e37f}, history, 0, 0);
    assertEquals(1, trace.drawn()[1]);
  }
}
