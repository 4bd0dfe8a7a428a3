package gpt.cli.output;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.cli.options.ColourOption;
import gpt.explore.plot.AttentionMap;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AttentionPrinterTest {
  /** Every token attends equally to itself and to all earlier tokens. */
  private static AttentionPrinter printer(int n, String label) {
    float[][] weights = new float[n][];
    for (int i = 0; i < n; i++) {
      weights[i] = new float[i + 1];
      Arrays.fill(weights[i], 1f / (i + 1));
    }
    List<AttentionMap.Token> tokens = Collections.nCopies(n, new AttentionMap.Token(1, label));
    return new AttentionPrinter(new AttentionMap(0, "0", "", tokens, weights));
  }

  @Test
  void aRowForEachQueryAndItsStrongestKeys() {
    assertEquals(
        """
        Attention of layer 0, head 0: rows are queries, columns are keys
        weights: · below 0.05, ░ from 0.05, ▒ from 0.2, ▓ from 0.4, █ from 0.7

              0 1 2   strongest
        0 ab  ██      1.00 0 ab
        1 ab  ▓▓▓▓    0.50 0 ab  0.50 1 ab
        2 ab  ▒▒▒▒▒▒  0.33 0 ab  0.33 1 ab  0.33 2 ab
        """,
        printer(3, "ab").toText(80, false));
  }

  @Test
  void thePictureFitsTheTerminal() {
    for (int columns : new int[] {40, 80, 120}) {
      for (int n : new int[] {1, 6, 40, 300}) {
        for (String label : List.of("a", "␣a long token", "中文的")) {
          String text = printer(n, label).toText(columns, false);
          List<String> lines = text.lines().skip(3).toList();
          boolean cut = text.contains("begins with column");
          for (String line : lines.subList(0, lines.size() - (cut ? 1 : 0))) {
            assertTrue(Columns.width(line) <= columns, columns + " columns: " + line);
          }
          assertTrue(n < 300 || cut && text.contains("--plot FILE.html"), text);
          assertFalse(n <= 40 && columns >= 80 && cut, text);
        }
      }
    }
  }

  @Test
  void shadesAndColoursFollowTheWeight() {
    assertEquals("·", AttentionPrinter.shade(0));
    assertEquals("·", AttentionPrinter.shade(0.0499));
    assertEquals("░", AttentionPrinter.shade(0.05));
    assertEquals("▓", AttentionPrinter.shade(0.5));
    assertEquals("█", AttentionPrinter.shade(1));
    assertEquals(16 + 36 * 5 + 6 * 5 + 4, AttentionPrinter.colour(1), "pale for 1");
    assertTrue(AttentionPrinter.colour(0) < 16 + 36, "blue for 0");
  }

  @Test
  void wideCharactersTakeTwoColumns() {
    assertEquals(7, Columns.width("a中\uD83D\uDE42e\u0301␣"));
    assertEquals("ab   ", Columns.fit("ab", 5));
    assertEquals("abcd…", Columns.fit("abcdef", 5));
    assertEquals("中文…", Columns.fit("中文的", 5));
    assertEquals("中… ", Columns.fit("中文的", 4));
  }

  @Test
  void coloursFollowTheOptionAndTheEnvironment() {
    assertTrue(ColourOption.wanted(ColourOption.When.AUTO, true, Map.of()));
    assertTrue(ColourOption.wanted(ColourOption.When.AUTO, true, Map.of("NO_COLOR", "")));
    assertFalse(ColourOption.wanted(ColourOption.When.AUTO, true, Map.of("NO_COLOR", "1")));
    assertFalse(ColourOption.wanted(ColourOption.When.AUTO, true, Map.of("TERM", "dumb")));
    assertFalse(ColourOption.wanted(ColourOption.When.AUTO, false, Map.of()));
    assertFalse(ColourOption.wanted(ColourOption.When.NEVER, true, Map.of()));
    assertTrue(ColourOption.wanted(ColourOption.When.ALWAYS, false, Map.of("NO_COLOR", "1")));
  }
}
