package gpt.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.model.Backend;
import gpt.model.GptConfig;
import gpt.sampling.Drawing;
import gpt.sampling.Logprobs;
import gpt.tokenizer.CharacterTokenizer;
import gpt.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Texts that a backend draws itself, several together: the listener hears of them in order. */
class GeneratorBatchTest {
  private static final int VOCAB = 26;

  /**
   * Text k of its batch says the ids k, k + 1, … from the prompt on, as far as its context holds;
   * it records what is asked of it.
   */
  private static final class Counting implements Backend {
    final List<String> calls = new ArrayList<>();
    final int width;
    final int blockSize;
    int open;
    int started;

    Counting(int width, int blockSize) {
      this.width = width;
      this.blockSize = blockSize;
    }

    @Override
    public GptConfig config() {
      return new FakeBackend(blockSize, VOCAB, FakeBackend.random(VOCAB)).config();
    }

    @Override
    public String device() {
      return "counting";
    }

    @Override
    public String dtype() {
      return "f32";
    }

    @Override
    public int batchSize() {
      return width;
    }

    @Override
    public Session newSession() {
      throw new AssertionError("the host draws nothing");
    }

    @Override
    public Optional<Batch> newBatch(Drawing drawing, int texts) {
      open++;
      int first = started;
      started += texts;
      return Optional.of(
          new Batch() {
            int[] last = new int[texts];
            int length;

            @Override
            public int[] start(int[] prompt) {
              calls.add("start " + texts + " " + prompt.length);
              length = prompt.length;
              Arrays.setAll(last, text -> first + text);
              return last.clone();
            }

            @Override
            public int[] next() {
              if (++length > blockSize) {
                throw new AssertionError("the context is full");
              }
              calls.add("next");
              Arrays.setAll(last, text -> (last[text] + 1) % VOCAB);
              return last.clone();
            }

            @Override
            public int redo(int text, int[] ids, int step) {
              calls.add("redo " + text + " " + Arrays.toString(ids) + " step " + step);
              return (ids[ids.length - 1] + 1) % VOCAB;
            }

            @Override
            public Logprobs logprobs(int text) {
              throw new AssertionError("nobody asked");
            }

            @Override
            public void close() {
              open--;
            }
          });
    }

    @Override
    public void close() {
      throw new AssertionError("not the generator's to close");
    }
  }

  private static Request request(int[] prompt, int max, int samples, OnFull full, String... stops) {
    return new Request(
        prompt, max, OptionalInt.empty(), List.of(stops), full, Requests.GREEDY, 0, samples);
  }

  private static final Tokenizer LETTERS =
      new CharacterTokenizer(
          IntStream.range('a', 'a' + VOCAB).mapToObj(Character::toString).toList());

  /** Says what it hears. */
  private static final class Log implements Listener {
    final StringBuilder heard = new StringBuilder();
    int cancelAfter = Integer.MAX_VALUE;

    @Override
    public boolean token(int sample, int id, String text) {
      heard.append(sample).append(text);
      return --cancelAfter > 0;
    }

    @Override
    public void ended(Generation generation) {
      heard.append('.');
    }
  }

  @Test
  void textsAreHeardOfOneAfterAnother() {
    Counting backend = new Counting(3, 20);
    Log log = new Log();
    List<Generation> all =
        new Generator(backend, Optional.of(LETTERS))
            .generate(request(new int[] {5}, 3, 5, OnFull.SLIDE), log);
    assertEquals("0a0b0c.1b1c1d.2c2d2e.3d3e3f.4e4f4g.", log.heard.toString());
    assertEquals(List.of("start 3 1", "next", "next", "start 2 1", "next", "next"), backend.calls);
    assertEquals(List.of(0, 1, 2, 3, 4), all.stream().map(Generation::sample).toList());
    assertEquals("cde", all.get(2).text());
    assertArrayEquals(new int[] {4, 5, 6}, all.get(4).ids());
    assertEquals(0, backend.open);
    // One prompt each time, though three texts share it, and each step's time is shared too.
    assertEquals(
        List.of(1, 0, 0, 1, 0), all.stream().map(g -> g.timings().prefillTokens()).toList());
    assertEquals(10, all.stream().mapToInt(g -> g.timings().decodeTokens()).sum());
  }

  @Test
  void aTextThatEndsLeavesTheOthersGoingOn() {
    Counting backend = new Counting(3, 20);
    Log log = new Log();
    List<Generation> all =
        new Generator(backend, Optional.of(LETTERS))
            .generate(request(new int[] {5}, 4, 3, OnFull.SLIDE, "c"), log);
    assertEquals("0a0b0.1b1.2.", log.heard.toString());
    assertEquals(List.of("start 3 1", "next", "next"), backend.calls);
    for (Generation generation : all) {
      assertEquals(StopReason.STOP_STRING, generation.stopReason());
    }
    assertEquals(List.of("ab", "b", ""), all.stream().map(Generation::text).toList());
  }

  @Test
  void aTextEndsWhereTheListenerWantsNoMore() {
    for (int heard = 1; heard <= 6; heard++) {
      Counting backend = new Counting(2, 20);
      Log log = new Log();
      log.cancelAfter = heard;
      List<Generation> all =
          new Generator(backend, Optional.of(LETTERS))
              .generate(request(new int[] {5}, 3, 2, OnFull.SLIDE), log);
      String expected = "0a0b0c1b1c1d".substring(0, 2 * heard) + ".";
      assertEquals(expected, log.heard.toString().replace(".1", "1"), "after " + heard);
      assertEquals((heard + 2) / 3, all.size());
      Generation last = all.getLast();
      assertEquals(StopReason.CANCELLED, last.stopReason());
      assertEquals((heard - 1) % 3 + 1, last.ids().length);
      assertEquals(last.ids().length, last.text().length());
      assertEquals(0, backend.open);
    }
  }

  @Test
  void fullContextsSlideEachByItself() {
    Counting backend = new Counting(2, 4);
    Log log = new Log();
    new Generator(backend, Optional.of(LETTERS))
        .generate(request(new int[] {9, 9, 9}, 4, 2, OnFull.SLIDE, "e"), log);
    assertEquals("0a0b0c0d.1b1c1d1.", log.heard.toString());
    assertEquals(
        List.of(
            "start 2 3",
            "next",
            "redo 0 [9, 9, 0, 1] step 2",
            "redo 1 [9, 9, 1, 2] step 2",
            "redo 0 [9, 0, 1, 2] step 3",
            "redo 1 [9, 1, 2, 3] step 3"),
        backend.calls);
  }

  @Test
  void fullContextsEndTheTextsWhereAsked() {
    Counting backend = new Counting(2, 4);
    List<Generation> all =
        new Generator(backend, Optional.of(LETTERS))
            .generate(request(new int[] {9, 9, 9}, 9, 2, OnFull.STOP), new Log());
    assertEquals(List.of("start 2 3", "next"), backend.calls);
    for (Generation generation : all) {
      assertEquals(StopReason.CONTEXT_FULL, generation.stopReason());
      assertEquals(2, generation.ids().length);
    }
  }

  @Test
  void nothingIsAskedForWhereNothingIsWanted() {
    Counting backend = new Counting(2, 4);
    List<Generation> none =
        new Generator(backend, Optional.empty())
            .generate(request(new int[] {9}, 0, 3, OnFull.SLIDE), new Log());
    assertEquals(3, none.size());
    assertEquals(List.of(), backend.calls);
    assertTrue(none.stream().allMatch(g -> g.stopReason() == StopReason.MAX_NEW_TOKENS));
  }
}
