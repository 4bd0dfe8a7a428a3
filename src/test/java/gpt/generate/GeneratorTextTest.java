package gpt.generate;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import gpt.OnFull;
import gpt.StopReason;
import gpt.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Text of completions: characters that span tokens, the end id, stop strings. */
class GeneratorTextTest {

  /**
   * A vocabulary of arbitrary bytes. Id 0 is the prompt, and the end id of requests that have one.
   */
  private record Pieces(List<byte[]> bytes) implements Tokenizer {
    static Pieces of(String... texts) {
      List<byte[]> bytes = new ArrayList<>();
      bytes.add("<end>".getBytes(UTF_8));
      for (String text : texts) {
        bytes.add(text.getBytes(UTF_8));
      }
      return new Pieces(bytes);
    }

    /** One token for each byte of a text. */
    static Pieces bytesOf(String text) {
      List<byte[]> bytes = new ArrayList<>();
      bytes.add("<end>".getBytes(UTF_8));
      for (byte b : text.getBytes(UTF_8)) {
        bytes.add(new byte[] {b});
      }
      return new Pieces(bytes);
    }

    @Override
    public String name() {
      return "pieces";
    }

    @Override
    public int vocabSize() {
      return bytes.size();
    }

    @Override
    public int[] encode(String text) {
      throw new AssertionError("nothing is encoded while generating");
    }

    @Override
    public byte[] decode(int id) {
      return bytes.get(id);
    }

    @Override
    public OptionalInt endOfText() {
      return OptionalInt.of(0);
    }
  }

  /** A completion, and the text that the listener received with each token. */
  private record Outcome(FinishedCompletion generation, List<String> printed) {
    String text() {
      return generation.text();
    }
  }

  /** Generates all pieces in order, then the end id. */
  private static Outcome run(Pieces pieces, Request request) {
    int n = pieces.vocabSize();
    int[] ids = new int[n];
    for (int i = 1; i < n; i++) {
      ids[i - 1] = i;
    }
    FakeEngine engine = new FakeEngine(n + 1, n, FakeEngine.fixedIds(n, 1, ids));
    List<String> printed = new ArrayList<>();
    FinishedCompletion generation =
        new Generator(engine, Optional.of(pieces))
            .generate(
                request,
                (sample, id, text) -> {
                  printed.add(text);
                  return true;
                })
            .get(0);
    assertEquals(generation.text(), String.join("", printed));
    assertEquals(generation.ids().length, printed.size());
    return new Outcome(generation, printed);
  }

  @Test
  void theEndIdIsInTheIdsButNotInTheText() {
    Outcome out = run(Pieces.of("a", "b"), Requests.stopping(9, 0));
    assertEquals("ab", out.text());
    assertArrayEquals(new int[] {1, 2, 0}, out.generation().ids());
    assertEquals(StopReason.END_OF_TEXT, out.generation().stopReason());
    // In a request without an end id, its text is output.
    Outcome literal = run(Pieces.of("a", "b"), Requests.stopping(3, -1));
    assertEquals("ab<end>", literal.text());
    assertEquals(StopReason.MAX_NEW_TOKENS, literal.generation().stopReason());
    // An end id at the maximum of new tokens counts as the end of the text.
    assertEquals(
        StopReason.END_OF_TEXT,
        run(Pieces.of("a", "b"), Requests.stopping(3, 0)).generation().stopReason());
  }

  @Test
  void aCharacterIsPrintedWithItsLastByte() {
    Outcome out = run(Pieces.bytesOf("é\uD83D\uDE42!"), Requests.stopping(9, 0));
    assertEquals(List.of("", "é", "", "", "", "\uD83D\uDE42", "!", ""), out.printed());
    Outcome cut = run(Pieces.bytesOf("é\uD83D\uDE42!"), Requests.stopping(4, 0));
    assertEquals(List.of("", "é", "", "\uFFFD"), cut.printed());
    assertEquals("é\uFFFD", cut.text());
    Outcome none = run(Pieces.of("a"), Requests.stopping(0, 0));
    assertEquals("", none.text());
  }

  @Test
  void aCharacterBegunInThePromptIsPrintedWhole() {
    Pieces pieces = Pieces.bytesOf("\uD83D\uDE42!");
    FakeEngine engine = new FakeEngine(9, 6, FakeEngine.fixedIds(6, 3, 3, 4, 5, 0));
    Request request =
        Requests.of(
            new int[] {5, 1, 2},
            4,
            OptionalInt.of(0),
            List.of(),
            OnFull.STOP,
            Requests.GREEDY,
            0,
            2);
    List<String> printed = new ArrayList<>();
    List<FinishedCompletion> texts =
        new Generator(engine, Optional.of(pieces))
            .generate(request, (sample, id, text) -> printed.add(text));
    assertEquals(List.of("", "\uD83D\uDE42", "!", "", "", "\uD83D\uDE42", "!", ""), printed);
    assertEquals("\uD83D\uDE42!", texts.get(1).text());
  }

  @Test
  void aStopStringMaySpanTokensOrBeInsideOne() {
    Outcome spanning = run(Pieces.of("one\n", "\nt", "wo"), Requests.stopping(9, 0, "\n\n"));
    assertEquals("one", spanning.text());
    assertEquals(List.of("one", ""), spanning.printed());
    assertArrayEquals(new int[] {1, 2}, spanning.generation().ids());
    assertEquals(StopReason.STOP_STRING, spanning.generation().stopReason());
    Outcome inside = run(Pieces.of("a", "bSTOPc", "d"), Requests.stopping(9, 0, "STOP"));
    assertEquals("ab", inside.text());
    assertArrayEquals(new int[] {1, 2}, inside.generation().ids());
    Outcome atTheLimit = run(Pieces.of("a", "b"), Requests.stopping(2, 0, "b"));
    assertEquals(StopReason.STOP_STRING, atTheLimit.generation().stopReason());
  }

  @Test
  void aPossibleBeginningOfAStopStringIsHeldBack() {
    Outcome not = run(Pieces.of("aS", "T", "O", "b"), Requests.stopping(9, 0, "STOP"));
    assertEquals(List.of("a", "", "", "STOb", ""), not.printed());
    Outcome again = run(Pieces.of("S", "S", "TO", "P"), Requests.stopping(9, 0, "STOP"));
    assertEquals(List.of("", "S", "", ""), again.printed());
    Outcome end = run(Pieces.of("a", "ST"), Requests.stopping(9, 0, "STOP"));
    assertEquals(List.of("a", "", "ST"), end.printed());
    Outcome limit = run(Pieces.of("a", "ST", "OP"), Requests.stopping(2, 0, "STOP"));
    assertEquals(List.of("a", "ST"), limit.printed());
    Outcome overlap = run(Pieces.of("a", "a", "b", "a", "a", "c"), Requests.stopping(9, 0, "aac"));
    assertEquals("aab", overlap.text());
  }

  @Test
  void aStopStringMayBeginInsideACharactersBytes() {
    String text = "x\uD83D\uDE42é!y";
    Outcome out = run(Pieces.bytesOf(text), Requests.stopping(99, 0, "\uD83D\uDE42é"));
    assertEquals("x", out.text());
    assertEquals(7, out.generation().ids().length);
    // Another character with the same high surrogate.
    Outcome other = run(Pieces.bytesOf(text), Requests.stopping(99, 0, "\uD83D\uDE43"));
    assertEquals(text, other.text());
    assertEquals("\uD83D\uDE42", other.printed().get(4));
  }

  @Test
  void theStopStringThatEndsFirstCountsAndTheLongestOfThose() {
    assertEquals("a", run(Pieces.of("abcd"), Requests.stopping(9, 0, "abcd", "bc")).text());
    assertEquals("a", run(Pieces.of("abcd"), Requests.stopping(9, 0, "cd", "bcd")).text());
    assertEquals("", run(Pieces.of("abcd"), Requests.stopping(9, 0, "cd", "abc")).text());
  }

  @Test
  void theTextDoesNotDependOnTokenBoundaries() {
    for (int seed = 0; seed < 1000; seed++) {
      Random random = new Random(seed);
      String[] letters = {"a", "b", "é", "\uD83D\uDE42"};
      StringBuilder all = new StringBuilder();
      for (int i = 0; i < 12; i++) {
        all.append(letters[random.nextInt(4)]);
      }
      String[] stops = new String[random.nextInt(3)];
      for (int i = 0; i < stops.length; i++) {
        StringBuilder stop = new StringBuilder();
        for (int n = 1 + random.nextInt(4); n > 0; n--) {
          stop.append(letters[random.nextInt(4)]);
        }
        stops[i] = stop.toString();
      }
      byte[] bytes = all.toString().getBytes(UTF_8);
      List<byte[]> cut = new ArrayList<>(List.of(new byte[0]));
      for (int from = 0; from < bytes.length; ) {
        int to = Math.min(bytes.length, from + 1 + random.nextInt(6));
        cut.add(Arrays.copyOfRange(bytes, from, to));
        from = to;
      }
      Outcome out = run(new Pieces(cut), Requests.stopping(99, 0, stops));
      String expected = untilFirstCompleted(all.toString(), stops);
      assertEquals(expected, out.text(), "seed " + seed);
      StopReason reason =
          expected.contentEquals(all) ? StopReason.END_OF_TEXT : StopReason.STOP_STRING;
      assertEquals(reason, out.generation().stopReason(), "seed " + seed);
      for (String printed : out.printed()) {
        assertFalse(printed.contains("\uFFFD"), "seed " + seed);
      }
    }
  }

  private static String untilFirstCompleted(String text, String[] stops) {
    for (int end = 1; end <= text.length(); end++) {
      String seen = text.substring(0, end);
      int longest =
          Arrays.stream(stops).filter(seen::endsWith).mapToInt(String::length).max().orElse(0);
      if (longest > 0) {
        return text.substring(0, end - longest);
      }
    }
    return text;
  }

  @Test
  void theTextOfACancelledCompletionIsWhatTheListenerReceived() {
    Pieces pieces = Pieces.of("a", "bS", "c");
    FakeEngine engine = new FakeEngine(9, 4, FakeEngine.fixedIds(4, 1, 1, 2, 3, 0));
    FinishedCompletion generation =
        new Generator(engine, Optional.of(pieces))
            .generate(Requests.stopping(9, 0, "ST"), (sample, id, text) -> id != 2)
            .get(0);
    assertEquals("ab", generation.text());
    assertEquals(StopReason.CANCELLED, generation.stopReason());
  }
}
