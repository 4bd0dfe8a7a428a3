package gpt.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.OnFull;
import gpt.StopReason;
import gpt.sampling.HostSampler;
import gpt.sampling.SamplingParameters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/**
 * Ids, context window, several completions and errors. {@link GeneratorTextTest} tests their text.
 */
class GeneratorTest {
  private static final int VOCAB = 17;
  private static final Listener IGNORE = (sample, id, text) -> true;

  /** nanoGPT's generate(): crops, runs the whole context without a KV cache, samples, appends. */
  private static int[] recomputed(
      Function<int[], float[]> model, int blockSize, Request request, int sample) {
    int[] all = request.promptIds();
    HostSampler sampler = new HostSampler(request.sampling(), VOCAB);
    for (int step = 0; step < request.length().maxNewTokens(); step++) {
      int[] cropped = Arrays.copyOfRange(all, Math.max(0, all.length - blockSize), all.length);
      all = Arrays.copyOf(all, all.length + 1);
      all[all.length - 1] = sampler.sample(model.apply(cropped), sample, step);
    }
    return Arrays.copyOfRange(all, request.promptIds().length, all.length);
  }

  /** The context after a shift is recomputed once, and so is what follows it in the next ones. */
  @Test
  void shiftingEqualsRecomputingTheShiftedContext() {
    Function<int[], float[]> model = FakeEngine.random(VOCAB);
    for (int shift : new int[] {0, 1, 2, 6}) {
      int blockSize = 7;
      for (int length : new int[] {1, 6, 7, 8, 15}) {
        Request request = shifting(prompt(length), shift);
        int[] all = request.promptIds();
        int first = Math.max(0, length - blockSize);
        for (int step = 0; step < request.length().maxNewTokens(); step++) {
          if (all.length - first > blockSize) {
            first += shift == 0 ? 4 : shift;
          }
          float[] logits = model.apply(Arrays.copyOfRange(all, first, all.length));
          all = Arrays.copyOf(all, all.length + 1);
          all[all.length - 1] = new HostSampler(request.sampling(), VOCAB).sample(logits, 0, step);
        }
        int[] expected = Arrays.copyOfRange(all, length, all.length);
        FakeEngine engine = new FakeEngine(blockSize, VOCAB, model);
        String message = "shift " + shift + ", prompt " + length;
        assertArrayEquals(expected, only(engine, request).ids(), message);
      }
    }
    FakeEngine engine = new FakeEngine(7, VOCAB, model);
    GptException e = assertThrows(GptException.class, () -> only(engine, shifting(prompt(1), 7)));
    assertEquals(
        "the context holds 7 tokens, so a shift must drop 1 to 6 of them, found 7", e.getMessage());
  }

  private static Request shifting(int[] prompt, int shift) {
    return new Request(
        prompt,
        new Request.Length(20, new int[0], List.of(), OnFull.SHIFT, shift),
        Requests.GREEDY,
        0,
        1,
        0,
        false);
  }

  @Test
  void slidingEqualsRecomputingEveryStep() {
    Function<int[], float[]> model = FakeEngine.random(VOCAB);
    for (int blockSize : new int[] {1, 2, 7}) {
      for (int length = 1; length <= 2 * blockSize; length++) {
        int[] prompt = prompt(length);
        for (int max = 0; max <= 2 * blockSize + 1; max++) {
          FakeEngine engine = new FakeEngine(blockSize, VOCAB, model);
          Request request = Requests.greedy(prompt, max, OnFull.SLIDE);
          FinishedCompletion generation = only(engine, request);
          String message = "block " + blockSize + ", prompt " + length + ", new " + max;
          assertArrayEquals(recomputed(model, blockSize, request, 0), generation.ids(), message);
          assertEquals(StopReason.MAX_NEW_TOKENS, generation.stopReason(), message);
          assertArrayEquals(
              Arrays.copyOfRange(prompt, Math.max(0, length - blockSize), length),
              generation.promptIds(),
              message);
        }
      }
    }
  }

  @Test
  void noTokenIsComputedTwiceUnlessTheWindowSlides() {
    FakeEngine engine = new FakeEngine(6, VOCAB, FakeEngine.random(VOCAB));
    only(engine, Requests.greedy(prompt(4), 5, OnFull.SLIDE));
    assertEquals(List.of("4", "d", "d", "truncate 0", "6", "truncate 0", "6"), engine.calls);
    engine.calls.clear();
    only(engine, Requests.greedy(prompt(9), 1, OnFull.SLIDE));
    assertEquals(List.of("6"), engine.calls);
    engine.calls.clear();
    only(engine, Requests.greedy(prompt(4), 0, OnFull.SLIDE));
    assertEquals(List.of(), engine.calls);
  }

  @Test
  void aFullContextWindowEndsTheCompletionIfRequested() {
    Function<int[], float[]> model = FakeEngine.random(VOCAB);
    for (int blockSize : new int[] {1, 2, 7}) {
      for (int length = 1; length <= blockSize; length++) {
        FakeEngine engine = new FakeEngine(blockSize, VOCAB, model);
        int room = blockSize - length + 1; // the last position gives a token too
        Request endless = Requests.greedy(prompt(length), 100, OnFull.STOP);
        FinishedCompletion full = only(engine, endless);
        assertEquals(StopReason.CONTEXT_FULL, full.stopReason());
        assertArrayEquals(
            recomputed(model, blockSize, Requests.greedy(prompt(length), room, OnFull.STOP), 0),
            full.ids());
        FinishedCompletion asked = only(engine, Requests.greedy(prompt(length), room, OnFull.STOP));
        assertEquals(StopReason.MAX_NEW_TOKENS, asked.stopReason());
        assertEquals(room, asked.ids().length);
      }
    }
  }

  @Test
  void completionsShareOnePrefillAndDiffer() {
    FakeEngine engine = new FakeEngine(20, VOCAB, FakeEngine.random(VOCAB));
    List<FinishedCompletion> three =
        new Generator(engine, Optional.empty())
            .generate(Requests.random(prompt(5), 3, 0, 3), IGNORE);
    assertEquals(List.of("4", "fork", "fork", "1 1 1", "d d d", "d d d"), engine.calls);
    assertEquals(
        3, three.stream().map(g -> Arrays.toString(g.ids())).distinct().count(), "all different");
    assertEquals(List.of(5, 1, 1), three.stream().map(g -> g.timings().prefillTokens()).toList());
    assertEquals(List.of(2, 2, 2), three.stream().map(g -> g.timings().decodeTokens()).toList());
  }

  @Test
  void aCompletionDependsOnItsIndexOnly() {
    Function<int[], float[]> model = FakeEngine.random(VOCAB);
    for (int blockSize : new int[] {1, 4, 8}) {
      for (int length = 1; length <= blockSize + 1; length++) {
        FakeEngine engine = new FakeEngine(blockSize, VOCAB, model);
        Request all = Requests.random(prompt(length), 9, 0, 4);
        List<FinishedCompletion> generations =
            new Generator(engine, Optional.empty()).generate(all, IGNORE);
        assertEquals(0, engine.openSequences);
        assertEquals(4, generations.size());
        for (int sample = 0; sample < 4; sample++) {
          String message = "block " + blockSize + ", prompt " + length + ", sample " + sample;
          FinishedCompletion alone = only(engine, Requests.random(prompt(length), 9, sample, 1));
          assertEquals(sample, alone.sample());
          assertEquals(sample, generations.get(sample).sample());
          assertArrayEquals(alone.ids(), generations.get(sample).ids(), message);
          assertArrayEquals(recomputed(model, blockSize, all, sample), alone.ids(), message);
        }
      }
    }
  }

  @Test
  void thePromptIsPrefilledAgainOnlyAfterACompletionThatSlid() {
    FakeEngine engine = new FakeEngine(6, VOCAB, FakeEngine.random(VOCAB));
    engine.capacity = 1;
    SamplingParameters sampling = new SamplingParameters(1, 0, 5);
    Request request =
        Requests.of(prompt(3), 9, OptionalInt.of(4), List.of(), OnFull.SLIDE, sampling, 0, 40);
    List<FinishedCompletion> generations =
        new Generator(engine, Optional.empty()).generate(request, IGNORE);
    long slid = generations.subList(0, 39).stream().filter(g -> 3 + g.ids().length - 1 > 6).count();
    assertTrue(slid > 3 && slid < 36, "slid " + slid);
    assertEquals(1 + slid, engine.calls.stream().filter("3"::equals).count());
    assertEquals(39 - slid, engine.calls.stream().filter("1"::equals).count());
  }

  @Test
  void equalSeedsGiveEqualIdsAndAnotherSeedOthers() {
    List<String> ids = new ArrayList<>();
    for (long seed : new long[] {1, 1, 2}) {
      FakeEngine engine = new FakeEngine(8, VOCAB, FakeEngine.random(VOCAB));
      SamplingParameters sampling = new SamplingParameters(1, 0, seed);
      Request request =
          Requests.of(prompt(3), 12, OptionalInt.empty(), List.of(), OnFull.SLIDE, sampling, 0, 1);
      ids.add(Arrays.toString(only(engine, request).ids()));
    }
    assertEquals(ids.get(0), ids.get(1));
    assertFalse(ids.get(0).equals(ids.get(2)));
  }

  @Test
  void theListenerReceivesEveryTokenAndEveryEnd() {
    FakeEngine engine = new FakeEngine(4, VOCAB, FakeEngine.random(VOCAB));
    List<String> events = new ArrayList<>();
    Listener listener =
        new Listener() {
          @Override
          public boolean token(int sample, int id, String text) {
            events.add(sample + ":" + id + text);
            return true;
          }

          @Override
          public void promptCropped(int given, int kept) {
            events.add("cropped " + given + " to " + kept);
          }

          @Override
          public void ended(FinishedCompletion generation) {
            events.add("ended " + generation.sample());
          }
        };
    List<FinishedCompletion> two =
        new Generator(engine, Optional.empty())
            .generate(Requests.random(prompt(6), 2, 3, 2), listener);
    int[] a = two.get(0).ids();
    int[] b = two.get(1).ids();
    assertEquals(
        List.of(
            "cropped 6 to 4",
            "3:" + a[0],
            "3:" + a[1],
            "ended 3",
            "4:" + b[0],
            "4:" + b[1],
            "ended 4"),
        events);
    assertNull(two.get(0).text());
  }

  @Test
  void theListenerCanCancelOrThrow() {
    FakeEngine engine = new FakeEngine(20, VOCAB, FakeEngine.random(VOCAB));
    Generator generator = new Generator(engine, Optional.empty());
    int[] left = {3};
    List<FinishedCompletion> generations =
        generator.generate(
            Requests.random(prompt(2), 10, 0, 5), (sample, id, text) -> --left[0] > 0);
    assertEquals(1, generations.size());
    assertEquals(StopReason.CANCELLED, generations.get(0).stopReason());
    assertEquals(3, generations.get(0).ids().length);
    assertEquals(
        List.of("1", "fork", "fork", "fork", "fork", "1 1 1 1 1", "d d d d d", "d d d d d"),
        engine.calls);
    assertThrows(
        ArithmeticException.class,
        () ->
            generator.generate(
                Requests.random(prompt(2), 10, 0, 5),
                (sample, id, text) -> {
                  throw new ArithmeticException();
                }));
    assertEquals(0, engine.openSequences);
  }

  @Test
  void requestsThatDoNotFitTheModelAreRejectedBeforeAStep() {
    FakeEngine engine = new FakeEngine(4, VOCAB, FakeEngine.random(VOCAB));
    assertRefused(
        "the prompt's token 2 is id 17, but the model's ids are 0 to 16",
        engine,
        Requests.greedy(new int[] {3, 17}, 1, OnFull.SLIDE));
    assertRefused(
        "the prompt's token 1 is id -1, but the model's ids are 0 to 16",
        engine,
        Requests.greedy(new int[] {-1, 3, 3, 3, 3}, 0, OnFull.SLIDE));
    assertRefused(
        "the prompt has 5 tokens, but the model's context holds 4;"
            + " shorten it, or let the context slide",
        engine,
        Requests.greedy(prompt(5), 1, OnFull.STOP));
    assertRefused(
        "stop strings need a tokenizer, and this model has none",
        engine,
        Requests.stopping(1, -1, "x"));
    assertEquals(List.of(), engine.calls);
  }

  @Test
  void invalidRequestsAreRejected() {
    assertInvalid(
        "the prompt is empty: it must have at least one token",
        () -> Requests.random(new int[0], 1, 0, 1));
    assertInvalid(
        "the number of new tokens must be 0 or more, found -1",
        () -> Requests.random(prompt(1), -1, 0, 1));
    assertInvalid(
        "the number of samples must be 1 or more, found 0",
        () -> Requests.random(prompt(1), 1, 0, 0));
    assertInvalid(
        "the first sample's index must be 0 or more, found -1",
        () -> Requests.random(prompt(1), 1, -1, 1));
    assertInvalid("a stop string must not be empty", () -> Requests.stopping(1, -1, "a", ""));
    assertInvalid(
        "a stop string must be valid Unicode, found half a surrogate pair",
        () -> Requests.stopping(1, -1, "\uDE42"));
  }

  @Test
  void nanLogitsGiveAnErrorThatNamesTheToken() {
    FakeEngine engine =
        new FakeEngine(
            8,
            VOCAB,
            context -> {
              float[] logits = new float[VOCAB];
              logits[2] = context.length == 4 ? Float.NaN : 1;
              return logits;
            });
    assertRefused(
        "the model produced NaN logits; its weights are damaged or too large for"
            + " its arithmetic (sample 0, new token 3)",
        engine,
        Requests.greedy(prompt(2), 5, OnFull.SLIDE));
    assertEquals(0, engine.openSequences);
  }

  private static int[] prompt(int length) {
    return new Random(length).ints(length, 0, VOCAB).toArray();
  }

  private static FinishedCompletion only(FakeEngine engine, Request request) {
    List<FinishedCompletion> generations =
        new Generator(engine, Optional.empty()).generate(request, IGNORE);
    assertEquals(1, generations.size());
    return generations.get(0);
  }

  private static void assertRefused(String message, FakeEngine engine, Request request) {
    assertInvalid(message, () -> only(engine, request));
  }

  private static void assertInvalid(String message, Runnable action) {
    assertEquals(message, assertThrows(GptException.class, action::run).getMessage());
  }
}
