package gpt.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.sampling.SamplingParameters.Builder;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class SamplingParametersTest {
  private static final double INFINITY = Double.POSITIVE_INFINITY;

  private static void assertRefused(
      String rule, BiFunction<Builder, Double, Builder> set, double... values) {
    for (double value : values) {
      Builder builder = set.apply(SamplingParameters.builder(), value);
      assertEquals(
          rule + ", found " + value,
          assertThrows(IllegalArgumentException.class, builder::build).getMessage());
    }
  }

  private static void assertAccepted(BiFunction<Builder, Double, Builder> set, double... values) {
    for (double value : values) {
      ChainConstants.of(set.apply(SamplingParameters.builder(), value).build());
    }
  }

  @Test
  void rangesAreChecked() {
    double nan = Double.NaN;
    assertRefused(
        "temperature must be 0 (greedy) or a positive number up to 1000",
        Builder::temperature,
        -1,
        -1e-300,
        1001,
        INFINITY,
        nan);
    assertAccepted(Builder::temperature, 0, -0.0, Double.MIN_VALUE, 1000);
    assertRefused(
        "top-p must be above 0 and at most 1 (off)", Builder::topP, 0, -0.1, 1.01, INFINITY, nan);
    assertAccepted(Builder::topP, Double.MIN_VALUE, 1);
    assertRefused(
        "typical-p must be above 0 and at most 1 (off)", Builder::typicalP, 0, -1, 2, nan);
    assertAccepted(Builder::typicalP, Double.MIN_VALUE, 1);
    assertRefused("min-p must be from 0 (off) to 1", Builder::minP, Math.nextUp(1.0), -0.1, nan);
    assertAccepted(Builder::minP, 0, Double.MIN_VALUE, 1);
    assertRefused(
        "repetition-penalty must be from 0.001 to 1000, 1 being off",
        Builder::repetitionPenalty,
        0,
        -1,
        1e-4,
        1e4,
        nan);
    assertRefused(
        "frequency-penalty must be from -100 to 100, 0 being off",
        Builder::frequencyPenalty,
        -101,
        101,
        -INFINITY,
        nan);
    assertRefused(
        "presence-penalty must be from -100 to 100, 0 being off",
        Builder::presencePenalty,
        -101,
        101,
        INFINITY,
        nan);
    assertRefused(
        "logit-bias of id 3 must be a number up to 1e30, or -inf to ban it",
        (builder, value) -> builder.logitBias(3, value),
        INFINITY,
        1e31,
        -1e31,
        nan);
    assertAccepted((builder, value) -> builder.logitBias(3, value), -INFINITY, 1e30, -100);
  }

  @Test
  void integersAreChecked() {
    assertIntegerRefused("top-k must be 0 (off) or more, found -1", builder -> builder.topK(-1));
    assertIntegerRefused(
        "min-new-tokens must be 0 (off) or more, found -2", builder -> builder.minNewTokens(-2));
    assertIntegerRefused(
        "logit-bias: an id must be 0 or more, found -3", builder -> builder.logitBias(-3, 1));
  }

  private static void assertIntegerRefused(String message, Consumer<Builder> set) {
    Builder builder = SamplingParameters.builder();
    set.accept(builder);
    assertEquals(
        message, assertThrows(IllegalArgumentException.class, builder::build).getMessage());
  }

  /** Plain greedy is the argmax of the model's logits, which needs nothing else of the chain. */
  @Test
  void plainGreedyIsGreedyWithoutStepsOnLogits() {
    assertTrue(SamplingParameters.greedy().isPlainGreedy());
    assertTrue(new SamplingParameters(0, 7, 1).isPlainGreedy());
    Builder filtered = SamplingParameters.builder().temperature(0).topP(0.5).minP(0.5);
    assertTrue(filtered.typicalP(0.5).build().isPlainGreedy());
    assertFalse(new SamplingParameters(1, 1, 1).isPlainGreedy());
    assertChanging(builder -> builder.repetitionPenalty(1.1), true);
    assertChanging(builder -> builder.frequencyPenalty(-0.1), true);
    assertChanging(builder -> builder.presencePenalty(0.1), true);
    assertChanging(builder -> builder.logitBias(0, 0.1), false);
    assertChanging(builder -> builder.minNewTokens(1), false);
  }

  private static void assertChanging(Consumer<Builder> set, boolean needsHistory) {
    Builder builder = SamplingParameters.builder().temperature(0);
    set.accept(builder);
    SamplingParameters parameters = builder.build();
    assertFalse(parameters.isPlainGreedy());
    assertEquals(needsHistory, parameters.needsHistory());
    HostSampler sampler = new HostSampler(parameters, 2);
    if (needsHistory) {
      assertThrows(IllegalStateException.class, () -> sampler.sample(new float[2], 0, 0));
    } else {
      sampler.sample(new float[2], 0, 0);
    }
  }

  @Test
  void constantsOfTheChain() {
    ChainConstants neutral = ChainConstants.of(SamplingParameters.builder().build());
    assertEquals(
        new ChainConstants(
            1, 1, 0, 0, 1 << 30, 1.442695f, 0, 1 << 30, Weight.MASKED_DISTANCE - 1, 1 << 30),
        neutral);
    SamplingParameters p =
        SamplingParameters.builder()
            .repetitionPenalty(1.25)
            .frequencyPenalty(-0.5)
            .presencePenalty(2)
            .temperature(1e-40)
            .topK(9)
            .topP(0.5)
            .minP(0.125)
            .typicalP(1e-300)
            .build();
    assertEquals(
        new ChainConstants(1.25f, 0.8f, -32768, 131072, 32768, 1e30f, 9, 1 << 29, 3 << 24, 1),
        ChainConstants.of(p));
  }
}
