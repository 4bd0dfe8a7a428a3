package gpt.explore.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Color;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ColourScaleTest {
  /** CIE L* decreases in nearly equal steps, so lightness alone distinguishes the colours. */
  @Test
  void lightnessDecreasesEvenly() {
    double last = lightness(ColourScale.at(0));
    double range = last - lightness(ColourScale.at(1));
    assertTrue(range > 60, "range of lightness " + range);
    for (int i = 1; i <= 16; i++) {
      double next = lightness(ColourScale.at(i / 16.0));
      assertEquals(range / 16, last - next, 0.35 * range / 16, "step " + i);
      last = next;
    }
    assertEquals(ColourScale.at(0), ColourScale.at(-3));
    assertEquals(ColourScale.at(1), ColourScale.at(3));
  }

  private static double lightness(Color colour) {
    return 116 * Math.cbrt(ColourScale.luminance(colour)) - 16;
  }

  /** Every pair of colours in the style sheet, light and dark, has WCAG's contrast AA for text. */
  @Test
  void textIsReadableOnEveryColour() {
    Matcher pairs =
        Pattern.compile(
                "background: light-dark\\((\\S+), (\\S+)\\); color: light-dark\\((\\S+), (\\S+)\\)")
            .matcher(ColourScale.css());
    int found = 0;
    while (pairs.find()) {
      for (int theme = 1; theme <= 2; theme++) {
        double a = ColourScale.luminance(Color.decode(pairs.group(theme))) + 0.05;
        double b = ColourScale.luminance(Color.decode(pairs.group(theme + 2))) + 0.05;
        assertTrue(Math.max(a, b) / Math.min(a, b) >= 4.5, pairs.group());
        found++;
      }
    }
    assertEquals(2 * ColourScale.LEVELS, found);
  }
}
