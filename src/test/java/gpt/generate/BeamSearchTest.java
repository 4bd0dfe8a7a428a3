package gpt.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.OnFull;
import gpt.StopReason;
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

/** Beam search against exhaustive search, against greedy decoding, and by hand. */
class BeamSearchTest {
  private static final int[] PROMPT = {1, 0};
  private static final OptionalInt NONE = OptionalInt.empty();
  private static final Tokenizer LETTERS =
      new CharacterTokenizer(List.of("a", "b", "c", "d", "e", "f", "g"));

  private record Text(int[] ids, double score) {}

  private static Request request(
      int max, OptionalInt end, SamplingParameters sampling, int texts, String... stops) {
    return new Request(PROMPT, max, end, List.of(stops), OnFull.STOP, sampling, 0, texts);
  }

  private static List<Generation> search(
      Function<int[], float[]> model, int vocabSize, Request request, Beams beams) {
    FakeEngine engine = new FakeEngine(20, vocabSize, model);
    List<Generation> found =
        new Generator(engine, Optional.of(LETTERS))
            .search(request, beams, (sample, id, text) -> true);
    assertEquals(0, engine.openSequences);
    return found;
  }

  /** Another model of a seed: logits depend on it and on the whole context. */
  private static Function<int[], float[]> model(int vocabSize, int seed) {
    return context -> {
      int[] seeded = Arrays.copyOf(context, context.length + 1);
      seeded[context.length] = seed;
      return FakeEngine.random(vocabSize).apply(seeded);
    };
  }

  /** All texts of so many tokens, and those that end before, the best first. */
  private static List<Text> exhaustive(
      Function<int[], float[]> model, int vocabSize, int max, int end, double lengthPenalty) {
    List<Text> all = new ArrayList<>();
    List<Text> running = List.of(new Text(new int[0], 0));
    for (int length = 1; length <= max; length++) {
      List<Text> next = new ArrayList<>();
      for (Text text : running) {
        int[] context = IntStream.concat(Arrays.stream(PROMPT), Arrays.stream(text.ids)).toArray();
        float[] logits = model.apply(context);
        double sum = 0;
        for (int id = 0; id < vocabSize; id++) {
          sum += Math.exp(logits[id]);
        }
        for (int id = 0; id < vocabSize; id++) {
          int[] ids = Arrays.copyOf(text.ids, length);
          ids[length - 1] = id;
          double total = text.score + logits[id] - Math.log(sum);
          (id == end || length == max ? all : next).add(new Text(ids, total));
        }
      }
      running = next;
    }
    return all.stream()
        .map(text -> new Text(text.ids, text.score / Math.pow(text.ids.length, lengthPenalty)))
        .sorted(Comparator.comparingDouble((Text text) -> -text.score))
        .toList();
  }

  /** With as many beams as there are prefixes nothing can be missed. */
  @Test
  void withBeamsForAllPrefixesItIsExhaustive() {
    for (int seed = 0; seed < 20; seed++) {
      for (double penalty : new double[] {0, 1, -0.5, 2.5}) {
        for (int end : new int[] {-1, 2}) {
          Function<int[], float[]> model = model(5, seed);
          OptionalInt endId = end < 0 ? NONE : OptionalInt.of(end);
          List<Generation> found =
              search(
                  model,
                  5,
                  request(4, endId, SamplingParameters.greedy(), 20),
                  new Beams(125, penalty));
          List<Text> expected = exhaustive(model, 5, 4, end, penalty);
          assertEquals(20, found.size());
          for (int i = 0; i < 20; i++) {
            String what = "seed " + seed + ", penalty " + penalty + ", end " + end + ", text " + i;
            assertArrayEquals(expected.get(i).ids, found.get(i).ids(), what);
            assertEquals(expected.get(i).score, found.get(i).score().orElseThrow(), 1e-5, what);
            assertEquals(i, found.get(i).sample());
          }
        }
      }
    }
  }

  /** Two candidates of each beam may end, and as many beams as before go on. */
  @Test
  void severalIdsEndAText() {
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
              3,
              new int[] {0, 1, 2},
              List.of(),
              OnFull.STOP,
              SamplingParameters.greedy(),
              0,
              beams,
              0,
              false);
      List<Generation> found = search(model, 7, request, new Beams(beams, -3));
      assertArrayEquals(new int[] {2}, found.getFirst().ids());
      FakeEngine engine = new FakeEngine(20, 7, model);
      try (BeamSteps steps = new BeamSteps(engine, request.drawing(0), 2)) {
        steps.start(PROMPT);
        var candidates = steps.next(new int[] {3, 4});
        assertEquals(2, Arrays.stream(candidates).filter(c -> c.id() >= ends).count());
      }
    }
  }

  @Test
  void oneBeamIsGreedy() {
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
        Generation greedy =
            new Generator(engine, Optional.of(LETTERS))
                .generate(request, (sample, id, text) -> true)
                .get(0);
        for (double penalty : new double[] {0, 1, 3}) {
          Generation beam = search(model(7, seed), 7, request, new Beams(1, penalty)).get(0);
          assertArrayEquals(greedy.ids(), beam.ids(), "seed " + seed);
          assertEquals(greedy.text(), beam.text());
          assertEquals(greedy.stopReason(), beam.stopReason());
        }
      }
    }
  }

  /** Where a likely token leads to unlikely ones, two beams find what greedy decoding misses. */
  @Test
  void beamsSeeWhatGreedyDecodingMisses() {
    Function<int[], float[]> model =
        context -> {
          int last = context[context.length - 1];
          return context.length == PROMPT.length
              ? logs(0.6, 0.4, 0)
              : last == 0 ? logs(0.4, 0.35, 0.25) : logs(0, 0.05, 0.95);
        };
    Request request = request(2, NONE, SamplingParameters.greedy(), 2);
    List<Generation> found = search(model, 3, request, new Beams(2, 0));
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
  void amongEqualsTheLowerBeamThenTheLowerIdComesFirst() {
    Request request = request(3, NONE, SamplingParameters.greedy(), 3);
    List<Generation> found = search(context -> new float[4], 4, request, new Beams(3, 1));
    assertArrayEquals(new int[] {0, 0, 0}, found.get(0).ids());
    assertArrayEquals(new int[] {0, 0, 1}, found.get(1).ids());
    assertArrayEquals(new int[] {0, 0, 2}, found.get(2).ids());
  }

  /**
   * With two finished texts at the second step, the best next beam is worse than both at its
   * present length, though the best candidate, which has just ended, is better than the worse one.
   * Were the search to go on, the text 1 0 2 would win with ln(0.2) / 3.
   */
  @Test
  void aSearchEndsWhereNoRunningBeamIsBetterThanTheFinishedTexts() {
    Function<int[], float[]> model =
        context ->
            switch (context.length - PROMPT.length) {
              case 0 -> logs(0.3, 0.25, 0.45);
              case 1 ->
                  context[context.length - 1] == 0 ? logs(0.05, 0.05, 0.9) : logs(0.8, 0.1, 0.1);
              default -> logs(0, 0, 1);
            };
    Request request = request(8, OptionalInt.of(2), SamplingParameters.greedy(), 2);
    List<Generation> found = search(model, 3, request, new Beams(2, 1));
    assertArrayEquals(new int[] {0, 2}, found.get(0).ids());
    assertEquals(Math.log(0.27) / 2, found.get(0).score().orElseThrow(), 1e-6);
    assertArrayEquals(new int[] {2}, found.get(1).ids());
    assertEquals(Math.log(0.45), found.get(1).score().orElseThrow(), 1e-6);
  }

  /** Biases and bans change log-probabilities, which do not sum to 1 then. */
  @Test
  void scoresAreNotRenormalizedAfterBiasesAndBans() {
    SamplingParameters sampling =
        SamplingParameters.builder()
            .temperature(0)
            .logitBias(1, 1.5)
            .logitBias(3, Double.NEGATIVE_INFINITY)
            .minNewTokens(1)
            .build();
    List<Generation> found =
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

  /** Of what does not exist nothing is returned, and −∞ is no candidate. */
  @Test
  void thereMayBeFewerTextsThanBeams() {
    Request request = request(2, NONE, SamplingParameters.greedy(), 6);
    List<Generation> found = search(context -> logs(0.5, 0.5, 0, 0), 4, request, new Beams(6, 1));
    assertEquals(4, found.size());
  }

  @Test
  void textsEndBeforeStopStrings() {
    Request request = request(6, NONE, SamplingParameters.greedy(), 3, "ca");
    Function<int[], float[]> model =
        context -> context[context.length - 1] == 2 ? logs(0.9, 0.05, 0.05) : logs(0.2, 0.2, 0.6);
    List<Generation> found = search(model, 3, request, new Beams(3, 0));
    assertArrayEquals(new int[] {2, 0}, found.get(0).ids());
    assertEquals("", found.get(0).text());
    assertEquals(StopReason.STOP_STRING, found.get(0).stopReason());
    assertEquals(Math.log(0.54), found.get(0).score().orElseThrow(), 1e-6);
  }

  @Test
  void textsEndWhereTheContextIsFull() {
    Request request = request(9, NONE, SamplingParameters.greedy(), 2);
    FakeEngine engine = new FakeEngine(4, 5, model(5, 1));
    List<Generation> found =
        new Generator(engine, Optional.empty())
            .search(request, new Beams(2, 1), (sample, id, text) -> true);
    for (Generation generation : found) {
      assertEquals(3, generation.ids().length); // the last one is not appended
      assertEquals(StopReason.CONTEXT_FULL, generation.stopReason());
    }
    // Four beams at most are copied: the first step's second one, and one at each further step.
    assertTrue(engine.calls.stream().filter("fork"::equals).count() <= 2, engine.calls::toString);
    assertEquals(2, engine.calls.stream().filter("1 1"::equals).count());
  }

  @Test
  void nothingIsSearchedWhereNothingIsWanted() {
    FakeEngine engine = new FakeEngine(4, 5, model(5, 1));
    Request request = request(0, NONE, SamplingParameters.greedy(), 2);
    List<Generation> found =
        new Generator(engine, Optional.empty())
            .search(request, new Beams(2, 1), (sample, id, text) -> true);
    assertEquals(1, found.size());
    assertEquals(0, found.get(0).ids().length);
    assertEquals(List.of(), engine.calls);
  }

  @Test
  void theListenerHearsOfTheTextsInOrderAndCanEnd() {
    StringBuilder heard = new StringBuilder();
    Request request = request(3, NONE, SamplingParameters.greedy(), 2);
    List<Generation> found =
        new Generator(new FakeEngine(9, 4, context -> new float[4]), Optional.of(LETTERS))
            .search(
                request,
                new Beams(2, 1),
                (sample, id, text) -> {
                  heard.append(sample).append(text);
                  return heard.length() < 10;
                });
    assertEquals("0a0a0a1a1a", heard.toString());
    assertEquals(StopReason.CANCELLED, found.get(1).stopReason());
    assertEquals(2, found.get(1).ids().length);
  }

  @Test
  void whatASearchCannotDoIsRefused() {
    SamplingParameters greedy = SamplingParameters.greedy();
    Function<int[], float[]> model = model(5, 1);
    assertRefused(
        "2 beams give no more than 2 texts, found 3",
        () -> search(model, 5, request(3, NONE, greedy, 3), new Beams(2, 1)));
    assertRefused(
        "beam search draws nothing, and knows no penalties for tokens",
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
