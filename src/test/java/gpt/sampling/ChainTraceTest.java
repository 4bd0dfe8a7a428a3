package gpt.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A trace records what the sampler does and does not change the result. */
class ChainTraceTest {
  /** Tolerance of probabilities: weights are within 2⁻²⁸ of the exact powers. */
  private static final double CLOSE = 1e-6;

  private static List<ChainStep> steps(ChainTrace trace) {
    return trace.stages().stream().map(ChainTrace.Stage::step).toList();
  }

  @Test
  void tracingDrawsTheSameToken() {
    for (int seed = 0; seed < 1000; seed++) {
      Random random = new Random(seed);
      int vocabSize = 2 + random.nextInt(200);
      float[] logits = CandidatesTest.logits(vocabSize, random);
      SamplingParameters parameters = HostSamplerTest.random(vocabSize, random, seed);
      History history = HostSamplerTest.history(vocabSize, random);
      HostSampler sampler = new HostSampler(parameters, vocabSize, 0);
      int step = random.nextInt(10);
      int id = sampler.sample(logits, history, 3, step);
      ChainTrace trace = sampler.trace(logits, history, 3, step);
      assertEquals(id, trace.chosen(), "seed " + seed);
      // Repeats the draw by inversion from the trace alone.
      double running = 0;
      int drawn = -1;
      while (running <= trace.random()) {
        running += trace.drawn()[++drawn];
      }
      assertTrue(
          drawn == id || Math.abs(running - trace.random()) < CLOSE,
          () -> "the random number does not point at the token: " + parameters);
      for (ChainTrace.Stage stage : trace.stages()) {
        assertEquals(1, Arrays.stream(stage.probabilities()).sum(), 1e-12);
      }
    }
  }

  @Test
  void everyStepAgreesWithTheChainInDoublePrecision() {
    float[] logits = {3, 1, 2.5f, 0, -1, 2, 0.5f, 1.5f};
    SamplingParameters all =
        SamplingParameters.builder()
            .repetitionPenalty(1.5)
            .presencePenalty(0.25)
            .logitBias(Map.of(4, 2.5, 6, Double.NEGATIVE_INFINITY))
            .minNewTokens(2)
            .temperature(0.7)
            .topK(5)
            .topP(0.95)
            .minP(0.05)
            .typicalP(0.9)
            .build();
    History history = new History(8);
    history.start(new int[] {2, 4});
    history.add(5);
    ChainTrace trace = new HostSampler(all, 8, 7).trace(logits, history, 0, 1);
    assertEquals(List.of(ChainStep.values()), steps(trace));
    double[] changed = {3, 1, 2.5 / 1.5, 0, -1.5, 2 / 1.5, 0.5, 1.5};
    DoubleChain chain = new DoubleChain(changed);
    check(chain, trace, ChainStep.REPETITION_PENALTY);
    changed[5] -= 0.25;
    check(chain, trace, ChainStep.FREQUENCY_PRESENCE_PENALTY);
    changed[4] += 2.5;
    changed[6] = Double.NEGATIVE_INFINITY;
    check(chain, trace, ChainStep.LOGIT_BIAS);
    changed[7] = Double.NEGATIVE_INFINITY;
    check(chain, trace, ChainStep.MIN_NEW_TOKENS);
    for (int id = 0; id < 8; id++) {
      assertEquals(changed[id], trace.adjusted()[id], 1e-6);
    }
    chain.temperature(0.7);
    check(chain, trace, ChainStep.TEMPERATURE);
    assertSame(trace.stages().get(4).probabilities(), trace.afterTemperature());
    chain.topK(5);
    check(chain, trace, ChainStep.TOP_K);
    chain.topP(0.95);
    check(chain, trace, ChainStep.TOP_P);
    chain.minP(0.05);
    check(chain, trace, ChainStep.MIN_P);
    chain.typicalP(0.9);
    check(chain, trace, ChainStep.TYPICAL_P);
    assertSame(trace.stages().getLast().probabilities(), trace.drawn());
    assertArrayEquals(logits, trace.logits());
    assertArrayEquals(
        new DoubleChain(doubles(logits)).probabilities(), trace.probabilities(), 1e-15);
  }

  private static void check(DoubleChain chain, ChainTrace trace, ChainStep step) {
    double[] found =
        trace.stages().stream()
            .filter(stage -> stage.step() == step)
            .findFirst()
            .orElseThrow()
            .probabilities();
    assertArrayEquals(chain.probabilities(), found, CLOSE, step::label);
  }

  private static double[] doubles(float[] values) {
    return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
  }

  @Test
  void stepsThatAreOffAreNotRecorded() {
    float[] logits = {1, 2, 0};
    SamplingParameters off = SamplingParameters.builder().build();
    ChainTrace trace = new HostSampler(off, 3).trace(logits, null, 0, 0);
    assertEquals(List.of(), steps(trace));
    assertSame(trace.afterTemperature(), trace.drawn());
    assertArrayEquals(trace.probabilities(), trace.drawn(), CLOSE);
    SamplingParameters greedy = SamplingParameters.greedy();
    trace = new HostSampler(greedy, 3).trace(logits, null, 0, 0);
    assertEquals(List.of(ChainStep.TEMPERATURE), steps(trace));
    assertArrayEquals(new double[] {0, 1, 0}, trace.drawn());
    SamplingParameters nanoGpt = new SamplingParameters(0.8, 200, 5);
    trace = new HostSampler(nanoGpt, 3).trace(logits, null, 0, 0);
    assertEquals(List.of(ChainStep.TEMPERATURE, ChainStep.TOP_K), steps(trace));
  }

  @Test
  void ranksAndLikeliest() {
    float[] logits = {1, 3, 3, Float.NEGATIVE_INFINITY, 2};
    ChainTrace trace = new HostSampler(SamplingParameters.greedy(), 5).trace(logits, null, 0, 0);
    assertArrayEquals(new int[] {1, 2, 4}, trace.likeliest(3));
    assertArrayEquals(new int[] {1, 2, 4, 0, 3}, trace.likeliest(99));
    assertArrayEquals(new int[] {4, 1, 2, 5, 3}, IntStream.range(0, 5).map(trace::rank).toArray());
    assertEquals(Math.log(trace.probabilities()[4]), trace.logProbability(4), 1e-12);
    assertEquals(Double.NEGATIVE_INFINITY, trace.logProbability(3));
  }
}
