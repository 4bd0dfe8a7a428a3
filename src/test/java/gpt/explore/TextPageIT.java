package gpt.explore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The HTML page of a coloured text in a browser. */
class TextPageIT {
  private static Browser browser;

  @BeforeAll
  static void open() throws Exception {
    browser = Browser.open();
  }

  @AfterAll
  static void close() throws Exception {
    if (browser != null) {
      browser.close();
    }
  }

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
}
