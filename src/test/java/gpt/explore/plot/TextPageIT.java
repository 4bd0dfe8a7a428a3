package gpt.explore.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.explore.TokenScore;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.Keys;

/** The HTML page of a coloured text in a browser. */
class TextPageIT extends BrowserTest {
  /** The boundaries of chunks must not add lines. */
  @Test
  void thePageHasAsManyLinesAsTheText() throws Exception {
    List<String> tokens = new ArrayList<>();
    for (int line = 0; line < 300; line++) {
      tokens.addAll(List.of("To", " be", line % 7 == 0 ? "\n\n" : "\n"));
    }
    int[] ids = new int[tokens.size()];
    double[] values = new double[tokens.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = i;
      values[i] = i % 3;
    }
    ColouredText text =
        new ColouredText(
            new ColouredText.Caption("A text", "", "loss", "nats"),
            ids,
            values,
            null,
            id -> tokens.get(id).getBytes(StandardCharsets.UTF_8));
    browser.load(text.html());
    assertTrue(browser.all(".chunk").size() > 1);
    long lines = String.join("", tokens).lines().count();
    String style = "getComputedStyle(text)";
    double height =
        browser.number("text.clientHeight - 2 * parseFloat(%s.paddingTop)".formatted(style));
    double line = browser.number("parseFloat(%s.lineHeight)".formatted(style));
    assertEquals(lines, height / line, 0.5);
    browser.checkConsole();
  }

  /** Beside a token's loss stand its rank and the tokens that were likelier. */
  @Test
  void whatWasLikelierIsShown() throws Exception {
    TokenScore[] scores = {
      null,
      new TokenScore(0.5, 1, new int[] {2, 0, 3}, new double[] {1.5, 3, 4}),
      new TokenScore(2, 3, new int[] {0, 3, 1}, new double[] {1, 1.25, 10})
    };
    String[] words = {" to", "be", "<or>", "\n"};
    ColouredText text =
        new ColouredText(
            new ColouredText.Caption("A text", "", "loss", "nats"),
            new int[] {0, 1, 2},
            new double[] {Double.NaN, 0.5, 2},
            scores,
            id -> words[id].getBytes(StandardCharsets.UTF_8));
    browser.load(text.html());
    browser.find("#text").sendKeys(Keys.HOME);
    assertEquals("position 0: ␣to, id 0, no value", browser.find("#readout").getText());
    browser.find("#text").sendKeys(Keys.ARROW_RIGHT);
    assertEquals(
        "position 1: be, id 1, 0.5 nats, probability 60.7 %, rank 1; next likeliest: <or> 22.3 %,"
            + " ␣to 4.98 %, \\n 1.83 %",
        browser.find("#readout").getText());
    browser.find("#text").sendKeys(Keys.ARROW_RIGHT);
    assertEquals(
        "position 2: <or>, id 2, 2 nats, probability 13.5 %, rank 3; likelier: ␣to 36.8 %, \\n"
            + " 28.7 %",
        browser.find("#readout").getText());
    browser.find("#all summary").click();
    assertEquals("2 <or> 2 2 13.5 % 3 ␣to 36.8 %", browser.find("#all tr:nth-child(4)").getText());
    Axe.check(browser, "a text with scores");
    browser.checkConsole();
  }
}
