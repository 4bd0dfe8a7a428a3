package gpt.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.OnFull;
import gpt.StopReason;
import gpt.sampling.History;
import gpt.sampling.HostSampler;
import gpt.sampling.SamplingParameters;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Penalties, logit biases, end ids and the minimum of new tokens over whole completions. */
class GeneratorPenaltiesTest {
  private static final int VOCAB = 9;
  private static final Function<int[], float[]> MODEL = FakeEngine.random(VOCAB);

  private static Request request(
      int[] prompt, int max, OptionalInt end, SamplingParameters sampling, int samples) {
    return Requests.of(prompt, max, end, List.of(), OnFull.SLIDE, sampling, 0, samples);
  }

  private static List<FinishedCompletion> generate(int blockSize, Request request) {
    return new Generator(new FakeEngine(blockSize, VOCAB, MODEL), Optional.empty())
        .generate(request, (sample, id, text) -> true);
  }

  private static int[] prompt(int length) {
    return new Random(length).ints(length, 0, VOCAB).toArray();
  }

  /** Recomputes each token with a history rebuilt from the prompt and all new tokens. */
  private static int[] recomputed(int blockSize, Request request, int sample) {
    int[] prompt = request.promptIds();
    HostSampler sampler = new HostSampler(request.sampling(), VOCAB);
    int[] all = prompt;
    for (int step = 0; step < request.length().maxNewTokens(); step++) {
      History history = new History(VOCAB);
      history.start(prompt);
      Arrays.stream(all).skip(prompt.length).forEach(history::add);
      int[] context = Arrays.copyOfRange(all, Math.max(0, all.length - blockSize), all.length);
      all = Arrays.copyOf(all, all.length + 1);
      all[all.length - 1] = sampler.sample(MODEL.apply(context), history, sample, step);
    }
    return Arrays.copyOfRange(all, prompt.length, all.length);
  }

  @Test
  void penaltiesCountTokensThatHaveLeftTheContextWindow() {
    List<SamplingParameters> all =
        List.of(
            SamplingParameters.builder().repetitionPenalty(3).seed(1).build(),
            SamplingParameters.builder().repetitionPenalty(3).temperature(0).build(),
            SamplingParameters.builder().frequencyPenalty(0.7).presencePenalty(1).seed(3).build());
    for (SamplingParameters sampling : all) {
      for (int blockSize : new int[] {1, 3, 8}) {
        for (int length = 1; length <= blockSize + 3; length++) {
          Request request = request(prompt(length), 12, OptionalInt.empty(), sampling, 3);
          List<FinishedCompletion> generations = generate(blockSize, request);
          for (int sample = 0; sample < 3; sample++) {
            assertArrayEquals(
                recomputed(blockSize, request, sample),
                generations.get(sample).ids(),
                "block " + blockSize + ", prompt " + length + ", sample " + sample);
          }
        }
      }
    }
  }

  /** With a strong presence penalty each id is drawn once before any is drawn again. */
  @Test
  void theHistorySurvivesASlide() {
    SamplingParameters once =
        SamplingParameters.builder().presencePenalty(100).temperature(0).build();
    for (FinishedCompletion generation :
        generate(2, request(new int[] {4}, VOCAB, OptionalInt.empty(), once, 2))) {
      assertEquals(VOCAB, Arrays.stream(generation.ids()).distinct().count());
    }
    // The repetition penalty counts the whole prompt, also the part before the context window.
    SamplingParameters other =
        SamplingParameters.builder()
            .repetitionPenalty(1000)
            .logitBias(3, -50)
            .temperature(0)
            .build();
    int[] all = {0, 1, 2, 4, 5, 6, 7, 8};
    Function<int[], float[]> equal =
        context -> {
          float[] logits = new float[VOCAB];
          Arrays.fill(logits, -1);
          return logits;
        };
    List<FinishedCompletion> generations =
        new Generator(new FakeEngine(3, VOCAB, equal), Optional.empty())
            .generate(request(all, 1, OptionalInt.empty(), other, 1), (sample, id, text) -> true);
    assertArrayEquals(new int[] {3}, generations.get(0).ids());
  }

  @Test
  void aCompletionDoesNotEndBeforeItsMinimum() {
    for (int minimum = 0; minimum <= 6; minimum++) {
      SamplingParameters sampling =
          SamplingParameters.builder()
              .minNewTokens(minimum)
              .logitBias(2, 50) // the end id is the likeliest
              .build();
      FinishedCompletion generation =
          generate(4, request(prompt(2), 6, OptionalInt.of(2), sampling, 1)).get(0);
      assertEquals(Math.min(6, minimum + 1), generation.ids().length);
      assertEquals(
          minimum == 6 ? StopReason.MAX_NEW_TOKENS : StopReason.END_OF_TEXT,
          generation.stopReason());
    }
  }

  /** All end ids are banned up to the minimum, and any of them ends a completion after it. */
  @Test
  void anyOfSeveralEndIdsEndsACompletion() {
    for (int likeliest : new int[] {2, 5}) {
      for (int minimum = 0; minimum <= 4; minimum++) {
        SamplingParameters sampling =
            SamplingParameters.builder()
                .minNewTokens(minimum)
                .logitBias(likeliest, 50)
                .logitBias(7 - likeliest, 40)
                .build();
        Request request =
            new Request(
                prompt(2),
                new Request.Length(6, new int[] {2, 5}, List.of(), OnFull.SLIDE),
                sampling,
                0,
                1,
                0,
                false);
        FinishedCompletion generation = generate(4, request).get(0);
        assertEquals(minimum + 1, generation.ids().length);
        assertEquals(likeliest, generation.ids()[minimum]);
        assertEquals(StopReason.END_OF_TEXT, generation.stopReason());
      }
    }
  }

  @Test
  void anErrorNamesTheTokenForWhichAllIdsAreBanned() {
    SamplingParameters.Builder builder = SamplingParameters.builder().minNewTokens(3);
    for (int id = 0; id < VOCAB - 1; id++) {
      builder.logitBias(id, Double.NEGATIVE_INFINITY);
    }
    Request request = request(prompt(2), 6, OptionalInt.of(VOCAB - 1), builder.build(), 1);
    assertRefused(
        "all candidates are banned: the logit biases and the minimum of new tokens leave none"
            + " (sample 0, new token 1)",
        () -> generate(4, request));
  }

  @Test
  void impossibleBiasesAndMinimumsAreRejected() {
    SamplingParameters beyond = SamplingParameters.builder().logitBias(VOCAB, 1).build();
    assertRefused(
        "a logit bias is for id 9, but the model's ids are 0 to 8",
        () -> generate(4, request(prompt(2), 6, OptionalInt.empty(), beyond, 1)));
    SamplingParameters many = SamplingParameters.builder().minNewTokens(7).build();
    assertRefused(
        "the minimum of new tokens must not exceed the maximum, found a minimum of 7 and a maximum"
            + " of 6",
        () -> request(prompt(2), 6, OptionalInt.empty(), many, 1));
    assertTrue(generate(4, request(prompt(2), 7, OptionalInt.of(1), many, 1)).size() == 1);
  }

  private static void assertRefused(String message, Runnable action) {
    assertEquals(message, assertThrows(GptException.class, action::run).getMessage());
  }
}
