package gpt.generate.beam;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.OnFull;
import gpt.StopReason;
import gpt.generate.FakeEngine;
import gpt.generate.FinishedCompletion;
import gpt.generate.Generator;
import gpt.generate.Request;
import gpt.generate.Requests;
import gpt.sampling.Drawing;
import gpt.sampling.SamplingParameters;
import gpt.tokenizer.CharacterTokenizer;
import gpt.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Compares beam search with exhaustive search, with greedy decoding and with hand-made cases. */
class BeamSearchTest {
  private static final int[] PROMPT = {1, 0};
  private static final OptionalInt NONE = OptionalInt.empty();
  private static final Tokenizer LETTERS =
      new CharacterTokenizer(List.of("a", "b", "c", "d", "e", "f", "g"));

  private record Scored(int[] ids, double score) {}

  private static Request request(
      int max, OptionalInt end, SamplingParameters sampling, int completions, String... stops) {
    return Requests.of(PROMPT, max, end, List.of(stops), OnFull.STOP, sampling, 0, completions);
  }

  private static List<FinishedCompletion> search(
      Function<int[], float[]> model, int vocabSize, Request request, Beams beams) {
    FakeEngine engine = new FakeEngine(20, vocabSize, model);
    List<FinishedCompletion> found =
        new Generator(engine, Optional.of(LETTERS))
            .search(request, beams, (sample, id, text) -> true);
    assertEquals(0, engine.openSequences);
    return found;
  }

  /** A model whose logits depend on the seed and on the whole context. */
  private static Function<int[], float[]> model(int vocabSize, int seed) {
    return context -> {
      int[] seeded = Arrays.copyOf(context, context.length + 1);
      seeded[context.length] = seed;
      return FakeEngine.random(vocabSize).apply(seeded);
    };
  }

  /**
   * All completions of {@code max} tokens, and shorter ones that end with an end id, best first.
   */
  private static List<Scored> exhaustive(
      Function<int[], float[]> model, int vocabSize, int max, int end, double lengthPenalty) {
    List<Scored> all = new ArrayList<>();
    List<Scored> running = List.of(new Scored(new int[0], 0));
    for (int length = 1; length <= max; length++) {
      List<Scored> next = new ArrayList<>();
      for (Scored beam : running) {
        int[] context = IntStream.concat(Arrays.stream(PROMPT), Arrays.stream(beam.ids)).toArray();
        float[] logits = model.apply(context);
        double sum = 0;
        for (int id = 0; id < vocabSize; id++) {
          sum += Math.exp(logits[id]);
        }
        for (int id = 0; id < vocabSize; id++) {
          int[] ids = Arrays.copyOf(beam.ids, length);
          ids[length - 1] = id;
          double total = beam.score + logits[id] - Math.log(sum);
          (id == end || length == max ? all : next).add(new Scored(ids, total));
        }
      }
      running = next;
    }
    return all.stream()
        .map(one -> new Scored(one.ids, one.score / Math.pow(one.ids.length, lengthPenalty)))
        .sorted(Comparator.comparingDouble((Scored one) -> -one.score))
        .toList();
  }

  /** With a beam for each prefix the search is exhaustive. */
  @Test
  void enoughBeamsFindWhatExhaustiveSearchFinds() {
    for (int seed = 0; seed < 20; seed++) {
      for (double penalty : new double[] {0, 1, -0.5, 2.5}) {
        for (int end : new int[] {-1, 2}) {
          Function<int[], float[]> model = model(5, seed);
          OptionalInt endId = end < 0 ? NONE : OptionalInt.of(end);
          List<FinishedCompletion> found =
              search(
                  model,
                  5,
                  request(4, endId, SamplingParameters.greedy(), 20),
                  new Beams(125, penalty));
          List<Scored> expected = exhaustive(model, 5, 4, end, penalty);
          assertEquals(20, found.size());
          for (int i = 0; i < 20; i++) {
            String message =
                "seed " + seed + ", penalty " + penalty + ", end " + end + ", completion " + i;
            assertArrayEquals(expected.get(i).ids, found.get(i).ids(), message);
            assertEquals(expected.get(i).score, found.get(i).score().orElseThrow(), 1e-5, message);
            assertEquals(i, found.get(i).sample());
          }
        }
      }
    }
  }

  /** With several end ids, enough candidates that do not end remain for B next beams. */
  @Test
  void anyOfSeveralEndIdsEndsACompletion() {
    int ends = 3;
    Function<int[], float[]> model =
        context -> {
          float[] logits = new float[7];
          for (int id = 0; id < 7; id++) {
            logits[id] = id < ends ? 20 + id : id + 0.1f * context.length;
          }
          return logits;
        };
    for (int beams = 1; beams <= 2; beams++) {
      Request request =
          new Request(
              PROMPT,
              new Request.Length(3, new int[] {0, 1, 2}, List.of(), OnFull.STOP),
              SamplingParameters.greedy(),
              0,
              beams,
              0,
              false);
      List<FinishedCompletion> found = search(model, 7, request, new Beams(beams, -3));
      assertArrayEquals(new int[] {2}, found.getFirst().ids());
      FakeEngine engine = new FakeEngine(20, 7, model);
      Drawing drawing = new Drawing(SamplingParameters.greedy(), PROMPT, 0, 1, 2);
      try (BeamSteps steps = new BeamSteps(engine, drawing, 2)) {
        steps.start(PROMPT);
        var candidates = steps.next(new int[] {3, 4});
        assertEquals(2, Arrays.stream(candidates).filter(c -> c.id() >= ends).count());
      }
    }
  }

  @Test
  void oneBeamEqualsGreedyDecoding() {
    for (int seed = 0; seed < 30; seed++) {
      for (OptionalInt end : List.of(NONE, OptionalInt.of(3))) {
        SamplingParameters sampling =
            SamplingParameters.builder()
                .temperature(0)
                .logitBias(4, Double.NEGATIVE_INFINITY)
                .logitBias(1, 1.5)
                .minNewTokens(seed % 4)
                .build();
        Request request = request(12, end, sampling, 1);
        FakeEngine engine = new FakeEngine(20, 7, model(7, seed));
        FinishedCompletion greedy =
            new Generator(engine, Optional.of(LETTERS))
                .generate(request, (sample, id, text) -> true)
                .get(0);
        for (double penalty : new double[] {0, 1, 3}) {
          FinishedCompletion beam =
              search(model(7, seed), 7, request, new Beams(1, penalty)).get(0);
          assertArrayEquals(greedy.ids(), beam.ids(), "seed " + seed);
          assertEquals(greedy.text(), beam.text());
          assertEquals(greedy.stopReason(), beam.stopReason());
        }
      }
    }
  }

  /** The likeliest completion does not begin with the likeliest token. */
  @Test
  void twoBeamsFindALikelierCompletionThanGreedyDecoding() {
    Function<int[], float[]> model =
        context -> {
          int last = context[context.length - 1];
          return context.length == PROMPT.length
              ? logs(0.6, 0.4, 0)
              : last == 0 ? logs(0.4, 0.35, 0.25) : logs(0, 0.05, 0.95);
        };
    Request request = request(2, NONE, SamplingParameters.greedy(), 2);
    List<FinishedCompletion> found = search(model, 3, request, new Beams(2, 0));
    assertArrayEquals(new int[] {1, 2}, found.get(0).ids());
    assertEquals(Math.log(0.38), found.get(0).score().orElseThrow(), 1e-6);
    assertArrayEquals(new int[] {0, 0}, found.get(1).ids());
    assertEquals("bc", found.get(0).text());
  }

  private static float[] logs(double... probabilities) {
    float[] logits = new float[probabilities.length];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) Math.log(probabilities[i]);
    }
    return logits;
  }

  @Test
  void equalScoresRankByBeamThenById() {
    Request request = request(3, NONE, SamplingParameters.greedy(), 3);
    List<FinishedCompletion> found = search(context -> new float[4], 4, request, new Beams(3, 1));
    assertArrayEquals(new int[] {0, 0, 0}, found.get(0).ids());
    assertArrayEquals(new int[] {0, 0, 1}, found.get(1).ids());
    assertArrayEquals(new int[] {0, 0, 2}, found.get(2).ids());
  }

  /**
   * At the second step two completions are finished, and the best next beam scores below both at
   * its current length, though the best candidate, which has just ended, scores above the worse
   * one. If the search continued, the completion 1 0 2 would win with ln(0.2) / 3.
   */
  @Test
  void theSearchEndsWhenNoBeamScoresAboveTheFinishedCompletions() {
    Function<int[], float[]> model =
        context ->
            switch (context.length - PROMPT.length) {
              case 0 -> logs(0.3, 0.25, 0.45);
              case 1 ->
                  context[context.length - 1] == 0 ? logs(0.05, 0.05, 0.9) : logs(0.8, 0.1, 0.1);
              default -> logs(0, 0, 1);
            };
    Request request = request(8, OptionalInt.of(2), SamplingParameters.greedy(), 2);
    List<FinishedCompletion> found = search(model, 3, request, new Beams(2, 1));
    assertArrayEquals(new int[] {0, 2}, found.get(0).ids());
    assertEquals(Math.log(0.27) / 2, found.get(0).score().orElseThrow(), 1e-6);
    assertArrayEquals(new int[] {2}, found.get(1).ids());
    assertEquals(Math.log(0.45), found.get(1).score().orElseThrow(), 1e-6);
  }

  /**
   * After biases and bans the probabilities no longer sum to 1, and scores use them as they are.
   */
  @Test
  void scoresAreNotRenormalizedAfterBiasesAndBans() {
    SamplingParameters sampling =
        SamplingParameters.builder()
            .temperature(0)
            .logitBias(1, 1.5)
            .logitBias(3, Double.NEGATIVE_INFINITY)
            .minNewTokens(1)
            .build();
    List<FinishedCompletion> found =
        search(
            context -> logs(0.4, 0.1, 0.2, 0.3),
            4,
            request(1, OptionalInt.of(0), sampling, 2),
            new Beams(2, 1));
    assertArrayEquals(new int[] {1}, found.get(0).ids());
    assertEquals(Math.log(0.1) + 1.5, found.get(0).score().orElseThrow(), 1e-6);
    assertArrayEquals(new int[] {2}, found.get(1).ids());
    assertEquals(Math.log(0.2), found.get(1).score().orElseThrow(), 1e-6);
  }

  /** A token of log-probability −∞ is no candidate. */
  @Test
  void aSmallVocabularyGivesFewerCompletionsThanBeams() {
    Request request = request(2, NONE, SamplingParameters.greedy(), 6);
    List<FinishedCompletion> found =
        search(context -> logs(0.5, 0.5, 0, 0), 4, request, new Beams(6, 1));
    assertEquals(4, found.size());
  }

  @Test
  void completionsEndAtStopStrings() {
    Request request = request(6, NONE, SamplingParameters.greedy(), 3, "ca");
    Function<int[], float[]> model =
        context -> context[context.length - 1] == 2 ? logs(0.9, 0.05, 0.05) : logs(0.2, 0.2, 0.6);
    List<FinishedCompletion> found = search(model, 3, request, new Beams(3, 0));
    assertArrayEquals(new int[] {2, 0}, found.get(0).ids());
    assertEquals("", found.get(0).text());
    assertEquals(StopReason.STOP_STRING, found.get(0).stopReason());
    assertEquals(Math.log(0.54), found.get(0).score().orElseThrow(), 1e-6);
  }

  @Test
  void completionsEndWhereTheContextWindowIsFull() {
    Request request = request(9, NONE, SamplingParameters.greedy(), 2);
    FakeEngine engine = new FakeEngine(4, 5, model(5, 1));
    List<FinishedCompletion> found =
        new Generator(engine, Optional.empty())
            .search(request, new Beams(2, 1), (sample, id, text) -> true);
    for (FinishedCompletion generation : found) {
      assertEquals(3, generation.ids().length); // the last id is not appended
      assertEquals(StopReason.CONTEXT_FULL, generation.stopReason());
    }
    // The second step forks for the second beam; the third forks at most once.
    assertTrue(engine.calls.stream().filter("fork"::equals).count() <= 2, engine.calls::toString);
    assertEquals(2, engine.calls.stream().filter("1 1"::equals).count());
  }

  @Test
  void noNewTokensNeedNoStep() {
    FakeEngine engine = new FakeEngine(4, 5, model(5, 1));
    Request request = request(0, NONE, SamplingParameters.greedy(), 2);
    List<FinishedCompletion> found =
        new Generator(engine, Optional.empty())
            .search(request, new Beams(2, 1), (sample, id, text) -> true);
    assertEquals(1, found.size());
    assertEquals(0, found.get(0).ids().length);
    assertEquals(List.of(), engine.calls);
  }

  @Test
  void theListenerReceivesCompletionsInOrderAndCanCancel() {
    StringBuilder received = new StringBuilder();
    Request request = request(3, NONE, SamplingParameters.greedy(), 2);
    List<FinishedCompletion> found =
        new Generator(new FakeEngine(9, 4, context -> new float[4]), Optional.of(LETTERS))
            .search(
                request,
                new Beams(2, 1),
                (sample, id, text) -> {
                  received.append(sample).append(text);
                  return received.length() < 10;
                });
    assertEquals("0a0a0a1a1a", received.toString());
    assertEquals(StopReason.CANCELLED, found.get(1).stopReason());
    assertEquals(2, found.get(1).ids().length);
  }

  @Test
  void unsupportedRequestsAreRejected() {
    SamplingParameters greedy = SamplingParameters.greedy();
    Function<int[], float[]> model = model(5, 1);
    assertRefused(
        "2 beams give at most 2 completions, found 3",
        () -> search(model, 5, request(3, NONE, greedy, 3), new Beams(2, 1)));
    assertRefused(
        "beam search does not sample: expected temperature 0 and no repetition, presence or"
            + " frequency penalty",
        () -> search(model, 5, request(3, NONE, Requests.RANDOM, 1), new Beams(2, 1)));
    assertRefused(
        "beam search cannot slide the context",
        () -> search(model, 5, Requests.greedy(PROMPT, 3, OnFull.SLIDE), new Beams(2, 1)));
    assertRefused("the number of beams must be 1 or more, found 0", () -> new Beams(0, 1));
    assertThrows(GptException.class, () -> new Beams(1, Double.NaN));
    assertRefused(
        "the model produced NaN logits; its weights are damaged or too large for its arithmetic"
            + " (new token 2)",
        () ->
            search(
                context -> context.length > PROMPT.length ? logs(-1, 1) : logs(0.5, 0.5),
                2,
                request(3, NONE, greedy, 1),
                new Beams(2, 1)));
  }

  private static void assertRefused(String message, Runnable action) {
    assertEquals(message, assertThrows(GptException.class, action::run).getMessage());
  }
}
