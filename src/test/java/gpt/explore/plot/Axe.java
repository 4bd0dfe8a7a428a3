package gpt.explore.plot;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;

/** Checks a page for people who use a keyboard or a screen reader, or who need contrast. */
public final class Axe {
  private static final String RULES = rules();

  private Axe() {}

  private static String rules() {
    try (InputStream in = Axe.class.getResourceAsStream("/axe.min.js")) {
      return new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Fails if axe finds a violation in the page as it is now. */
  public static void check(Browser browser, String what) {
    browser.run(RULES);
    Object violations =
        browser.await(
            """
            const done = arguments[0];
            axe.run(document, { resultTypes: ['violations'] }).then((result) => done(
              result.violations.flatMap(({ id, nodes }) =>
                nodes.map((node) => id + ': ' + node.html.slice(0, 160) + ' ' + node.failureSummary)).join('\\n')),
              (error) => done(String(error)));
            """);
    assertEquals("", violations, what);
  }
}
