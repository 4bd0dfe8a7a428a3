package gpt.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.OnFull;
import gpt.StopReason;
import gpt.sampling.HostSampler;
import gpt.sampling.SamplingParameters;
import gpt.tokenizer.CharacterTokenizer;
import gpt.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Completions decoded together, which the listener receives in order. */
class GeneratorTogetherTest {
  private static final int VOCAB = 26;
  private static final SamplingParameters SAMPLING = new SamplingParameters(1, 0, 7);

  private static final Tokenizer LETTERS =
      new CharacterTokenizer(
          IntStream.range('a', 'a' + VOCAB).mapToObj(Character::toString).toList());

  /** After the prompt all ids are equally likely; after a new token n only n + 1 is. */
  private static FakeEngine counting(int capacity, int blockSize, int[] prompt) {
    FakeEngine engine =
        new FakeEngine(
            blockSize,
            VOCAB,
            context -> {
              float[] logits = new float[VOCAB];
              if (!Arrays.equals(context, prompt)) {
                logits[(context[context.length - 1] + 1) % VOCAB] = 200;
              }
              return logits;
            });
    engine.capacity = capacity;
    return engine;
  }

  /** The letter that is token {@code step} of a completion. */
  private static String letter(int sample, int step) {
    int first = new HostSampler(SAMPLING, VOCAB).sample(new float[VOCAB], sample, 0);
    return Character.toString('a' + (first + step) % VOCAB);
  }

  private static String letters(int sample, int count) {
    StringBuilder text = new StringBuilder();
    IntStream.range(0, count).forEach(step -> text.append(letter(sample, step)));
    return text.toString();
  }

  /** What {@link Log} records of a completion of so many tokens. */
  private static String logged(int sample, int count) {
    StringBuilder log = new StringBuilder();
    IntStream.range(0, count).forEach(step -> log.append(sample).append(letter(sample, step)));
    return log.append('.').toString();
  }

  private static Request request(int[] prompt, int max, int samples, OnFull full, String... stops) {
    return Requests.of(
        prompt, max, OptionalInt.empty(), List.of(stops), full, SAMPLING, 0, samples);
  }

  /** Records the listener's calls. */
  private static final class Log implements Listener {
    final StringBuilder calls = new StringBuilder();
    int cancelAfter = Integer.MAX_VALUE;

    @Override
    public boolean token(int sample, int id, String text) {
      calls.append(sample).append(text);
      return --cancelAfter > 0;
    }

    @Override
    public void ended(FinishedCompletion generation) {
      calls.append('.');
    }
  }

  @Test
  void completionsAreDeliveredOneAfterAnother() {
    int[] prompt = {5, 5};
    FakeEngine engine = counting(3, 20, prompt);
    Log log = new Log();
    List<FinishedCompletion> all =
        new Generator(engine, Optional.of(LETTERS))
            .generate(request(prompt, 3, 5, OnFull.SLIDE), log);
    StringBuilder expected = new StringBuilder();
    IntStream.range(0, 5).forEach(sample -> expected.append(logged(sample, 3)));
    assertEquals(expected.toString(), log.calls.toString());
    assertEquals(
        List.of(
            "1",
            "fork",
            "fork",
            "1 1 1",
            "d d d",
            "d d d",
            "truncate 1",
            "truncate 1",
            "1 1",
            "d d",
            "d d"),
        engine.calls);
    assertEquals(List.of(0, 1, 2, 3, 4), all.stream().map(FinishedCompletion::sample).toList());
    assertEquals(letters(2, 3), all.get(2).text());
    assertArrayEquals(LETTERS.encode(letters(4, 3)), all.get(4).ids());
    assertEquals(0, engine.openSequences);
    // Each completion computes the prompt's last token; the first token is computed once.
    assertEquals(
        List.of(2, 1, 1, 1, 1), all.stream().map(g -> g.timings().prefillTokens()).toList());
    assertEquals(10, all.stream().mapToInt(g -> g.timings().decodeTokens()).sum());
  }

  @Test
  void aCompletionThatEndsLeavesTheStep() {
    int[] prompt = {5};
    FakeEngine engine = counting(3, 20, prompt);
    String stop = letter(1, 1);
    List<FinishedCompletion> all =
        new Generator(engine, Optional.of(LETTERS))
            .generate(request(prompt, 4, 3, OnFull.SLIDE, stop), new Log());
    assertEquals(StopReason.STOP_STRING, all.get(1).stopReason());
    assertEquals(letters(1, 1), all.get(1).text());
    for (int sample : new int[] {0, 2}) {
      assertEquals(StopReason.MAX_NEW_TOKENS, all.get(sample).stopReason());
      assertEquals(letters(sample, 4), all.get(sample).text());
    }
    assertEquals(List.of("1 1 1", "d d d", "d d", "d d"), engine.calls);
  }

  @Test
  void theListenerCanCancelAtAnyToken() {
    int[] prompt = {5};
    for (int tokens = 1; tokens <= 6; tokens++) {
      FakeEngine engine = counting(2, 20, prompt);
      Log log = new Log();
      log.cancelAfter = tokens;
      List<FinishedCompletion> all =
          new Generator(engine, Optional.of(LETTERS))
              .generate(request(prompt, 3, 2, OnFull.SLIDE), log);
      String expected = (logged(0, 3) + logged(1, 3)).replace(".", "").substring(0, 2 * tokens);
      assertEquals(expected, log.calls.toString().replace(".", ""), "after " + tokens);
      assertEquals((tokens + 2) / 3, all.size());
      FinishedCompletion last = all.getLast();
      assertEquals(StopReason.CANCELLED, last.stopReason());
      assertEquals((tokens - 1) % 3 + 1, last.ids().length);
      assertEquals(last.ids().length, last.text().length());
      assertEquals(0, engine.openSequences);
    }
  }

  @Test
  void fullContextWindowsSlideInTheSameStep() {
    int[] prompt = {9, 9, 9};
    FakeEngine engine = counting(2, 4, prompt);
    Log log = new Log();
    new Generator(engine, Optional.of(LETTERS)).generate(request(prompt, 4, 2, OnFull.SLIDE), log);
    assertEquals(logged(0, 4) + logged(1, 4), log.calls.toString());
    assertEquals(
        List.of(
            "2",
            "fork",
            "1 1",
            "d d",
            "truncate 0",
            "truncate 0",
            "4 4",
            "truncate 0",
            "truncate 0",
            "4 4"),
        engine.calls);
  }

  @Test
  void fullContextWindowsEndCompletionsIfRequested() {
    int[] prompt = {9, 9, 9};
    FakeEngine engine = counting(2, 4, prompt);
    List<FinishedCompletion> all =
        new Generator(engine, Optional.of(LETTERS))
            .generate(request(prompt, 9, 2, OnFull.STOP), new Log());
    assertEquals(List.of("2", "fork", "1 1", "d d"), engine.calls);
    for (FinishedCompletion generation : all) {
      assertEquals(StopReason.CONTEXT_FULL, generation.stopReason());
      assertEquals(2, generation.ids().length);
    }
  }

  @Test
  void noNewTokensNeedNoStep() {
    FakeEngine engine = counting(2, 4, new int[] {9});
    List<FinishedCompletion> none =
        new Generator(engine, Optional.empty())
            .generate(request(new int[] {9}, 0, 3, OnFull.SLIDE), new Log());
    assertEquals(3, none.size());
    assertEquals(List.of(), engine.calls);
    assertTrue(none.stream().allMatch(g -> g.stopReason() == StopReason.MAX_NEW_TOKENS));
  }
}
