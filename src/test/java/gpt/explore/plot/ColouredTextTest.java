package gpt.explore.plot;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import gpt.GptException;
import gpt.tokenizer.Gpt2Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;

class ColouredTextTest {
  private static final ColouredText.Caption CAPTION =
      new ColouredText.Caption("Loss of <a> & \"b\"", "model 'x'", "loss", "nats");

  @TempDir Path folder;

  /** A text of tokens 0, 1, … with these words. */
  private static ColouredText text(double[] values, String... words) {
    int[] ids = IntStream.range(0, words.length).toArray();
    return new ColouredText(CAPTION, ids, values, null, id -> words[id].getBytes(UTF_8));
  }

  private static ColouredText many(int n) {
    double[] values = new double[n];
    return new ColouredText(CAPTION, new int[n], values, null, id -> "word ".getBytes(UTF_8));
  }

  @Test
  void aPictureHasTheTextTheValuesAndALegend() throws Exception {
    ColouredText text = text(new double[] {Double.NaN, 1, 3.25, 0.5}, "To", " <be>", "\n", "or é");
    Document svg = Svg.parse(PictureEncoder.svg(text));
    assertEquals(List.of("Loss of <a> & \"b\""), Svg.texts(svg, "title"));
    String description = Svg.texts(svg, "desc").getFirst();
    for (String part :
        List.of("model 'x'", "4 tokens", "1.58 nats", "position 2 \\n 3.25, position 1 ␣<be> 1,")) {
      assertTrue(description.contains(part), description);
    }
    List<String> drawn = Svg.texts(svg, "text");
    assertTrue(
        drawn.containsAll(List.of("To", " <be>", "↵", "or é", "loss in nats", "0", "2", "4")),
        drawn::toString);
  }

  @Test
  void linesBreakAtLineEndsAndBetweenWords() {
    int one = text(new double[2], "a", "b").height();
    int two = text(new double[2], "a\n", "b").height();
    int line = two - one;
    assertTrue(line > 10, "a line has " + line + " units");
    assertEquals(one + 2 * line, text(new double[2], "a\n\n", "b").height());
    // One word of 200 one-character tokens, and 30 words of 40 characters.
    String[] letters = new String[200];
    Arrays.fill(letters, "x");
    assertTrue(text(new double[200], letters).height() > one);
    String[] words = new String[30];
    Arrays.fill(words, " " + "y".repeat(39));
    assertEquals(one + 14 * line, text(new double[30], words).height(), "two words on a line");
  }

  @Test
  void theScaleEndsAtARoundNumberThatCovers99Percent() {
    assertEquals(4, text(new double[] {3.1}, "a").top());
    assertEquals(0.15, text(new double[] {0.11, Double.NaN}, "a", "b").top(), 1e-12);
    assertEquals(10, text(new double[] {8.01}, "a").top());
    assertEquals(1, text(new double[] {0}, "a").top());
    assertEquals(1, text(new double[] {Double.NaN}, "a").top());
    double[] values = new double[200];
    Arrays.fill(values, 2);
    values[7] = 50;
    ColouredText outlier =
        new ColouredText(CAPTION, new int[200], values, null, id -> new byte[] {'a'});
    assertEquals(2, outlier.top());
    assertTrue(outlier.clipped());
    assertTrue(outlier.html().contains("2 nats or more"));
  }

  @Test
  void invalidValuesAreRejected() {
    assertThrows(IllegalArgumentException.class, () -> text(new double[] {1}, "a", "b"));
    assertThrows(IllegalArgumentException.class, () -> text(new double[] {-1}, "a"));
  }

  @Test
  void infinityIsAboveTheScale() {
    ColouredText text = text(new double[] {1, Double.POSITIVE_INFINITY}, "a", "b");
    assertEquals(1, text.top());
    assertTrue(text.clipped());
    assertTrue(text.description().contains("position 1 b ∞"), text.description());
    JsonObject data = data(text.html());
    double value = data.getAsJsonArray("values").get(1).getAsDouble();
    assertEquals(Double.POSITIVE_INFINITY, value);
  }

  @Test
  void aPictureLimitsTheTokensAndAPageDoesNot() throws Exception {
    Path svg = folder.resolve("long.svg");
    ColouredText longText = many(ColouredText.MAX_DRAWN + 1);
    GptException e = assertThrows(GptException.class, () -> longText.write(PlotFile.of(svg)));
    assertTrue(e.getMessage().contains("5000 tokens, and the text has 5001"), e.getMessage());
    assertTrue(e.getMessage().contains(".html"), e.getMessage());
    assertFalse(Files.exists(svg));
    assertThrows(GptException.class, () -> ColouredText.check(PlotFile.of(svg), 5001));
    ColouredText.check(PlotFile.of(svg), 5000);
    Path html = folder.resolve("long.html");
    ColouredText.check(PlotFile.of(html), 100_000_000);
    many(50_000).write(PlotFile.of(html));
    assertTrue(Files.size(html) > 500_000);
    many(ColouredText.MAX_DRAWN).write(PlotFile.of(svg));
    assertTrue(Files.exists(svg));
  }

  /** The lengths in the page's data must divide its text into the tokens. */
  @Test
  void aPageHasEveryTokenAndItsValue() {
    Gpt2Tokenizer gpt2 = new Gpt2Tokenizer();
    String untrusted =
        "</script><script>alert(1)</script>\n\"it's\" &amp; <!-- \\n\t中文 \uD83D\uDE42\u0001\r\n";
    int[] ids = gpt2.encode(untrusted.repeat(300));
    double[] values = IntStream.range(0, ids.length).mapToDouble(i -> i % 97 / 9.0).toArray();
    values[0] = Double.NaN;
    String page = new ColouredText(CAPTION, ids, values, null, gpt2::decode).html();

    assertEquals(2, count(page, "<script"), "expected the template's two scripts");
    assertFalse(page.matches("(?s).*\\{\\{[a-z]+}}.*"), "a placeholder is left");
    assertFalse(Pattern.compile("(src|href)=|url\\(|@import").matcher(page).find(), "it loads");
    assertTrue(page.contains("<title>Loss of &lt;a&gt; &amp; &quot;b&quot;</title>"));
    String plain =
        Pattern.compile("<div class=\"chunk\"[^>]*>([^<]*)</div>")
            .matcher(page)
            .results()
            .map(chunk -> unescaped(chunk.group(1)))
            .collect(Collectors.joining());
    String shown = untrusted.replace("\u0001", "\\u{1}").replace("\r", "\\r");
    assertTrue(count(page, "class=\"chunk\"") > 3);
    JsonObject data = data(page);
    StringBuilder joined = new StringBuilder();
    int at = 0;
    for (int i = 0; i < ids.length; i++) {
      int end = at + data.getAsJsonArray("lengths").get(i).getAsInt();
      joined.append(plain, at, end);
      at = end;
      assertEquals(ids[i], data.getAsJsonArray("ids").get(i).getAsInt());
      if (i > 0) {
        assertEquals(values[i], data.getAsJsonArray("values").get(i).getAsDouble(), 5e-5);
      }
    }
    assertTrue(data.getAsJsonArray("values").get(0).isJsonNull());
    assertEquals(plain.length(), at);
    assertEquals(plain, joined.toString());
    String whole = shown.substring(0, shown.indexOf('文'));
    assertTrue(plain.startsWith(whole), plain.substring(0, 80));
    // Tokens that are parts of characters are shown as bytes.
    assertTrue(plain.contains("\\x"), plain.substring(0, 200));
  }

  @Test
  void withoutATokenizerIdsAreShown() {
    ColouredText ids =
        new ColouredText(CAPTION, new int[] {7, 19}, new double[] {1, 2}, null, null);
    assertTrue(ids.html().contains(">7 19 </div>"));
    assertTrue(ids.description().contains("position 1 19 2"), ids.description());
  }

  @Test
  void anEmptyTextCanBeDrawn() throws Exception {
    ColouredText none = text(new double[0]);
    Svg.parse(PictureEncoder.svg(none));
    assertTrue(none.html().contains("0 tokens, none with a loss"));
  }

  private static JsonObject data(String page) {
    List<MatchResult> found =
        Pattern.compile("id=\"data\">(.*?)</script>", Pattern.DOTALL)
            .matcher(page)
            .results()
            .toList();
    assertEquals(1, found.size());
    return JsonParser.parseString(found.getFirst().group(1)).getAsJsonObject();
  }

  private static int count(String page, String part) {
    return page.split(Pattern.quote(part), -1).length - 1;
  }

  private static String unescaped(String html) {
    String text = html;
    for (Map.Entry<String, String> each :
        Map.of("&lt;", "<", "&gt;", ">", "&quot;", "\"", "&#39;", "'").entrySet()) {
      text = text.replace(each.getKey(), each.getValue());
    }
    return text.replace("&amp;", "&");
  }
}
