package gpt.server.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.explore.plot.Axe;
import gpt.explore.plot.Browser;
import gpt.sampling.ChainTrace;
import gpt.sampling.SamplingParameters;
import gpt.server.api.ServedModel;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.openqa.selenium.Keys;

/** The server's page in a browser. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PageIT {
  private static final String TEXT = "ROMEO:\nI d";

  private static Browser browser;
  private static ServedModel model;
  private static TestServer server;

  @BeforeAll
  static void open() throws Exception {
    browser = Browser.open();
    model = TestServer.demo(TestServer.METRICS);
    server = new TestServer(model, TestServer.settings(8, null));
  }

  @AfterAll
  static void close() throws Exception {
    if (browser != null) {
      server.close();
      model.close();
      browser.close();
    }
  }

  @BeforeEach
  void load() throws Exception {
    browser.size(1280, 900);
    browser.prefersDark(false);
    browser.visit("http://127.0.0.1:" + server.server().port() + "/");
    browser.until("globalThis.explorer?.step");
    browser.run("document.getElementById('prompt').value = arguments[0]", TEXT);
    browser.find("#start").click();
    browser.until("explorer.step.ids.length === " + TEXT.length());
  }

  private static String facts() {
    return browser.find("#drawn-facts").getText();
  }

  /** Types into a number field. */
  private static void type(String id, String text) {
    browser.find("#" + id).sendKeys(Keys.chord(Keys.CONTROL, "a"), text);
    browser.settle();
  }

  /** The step of {@code gpt next} after some ids. */
  private static ChainTrace trace(int[] ids, double temperature, int topK) {
    SamplingParameters sampling =
        SamplingParameters.builder().seed(1337).temperature(temperature).topK(topK).build();
    return model.generator().firstTrace(ids, new int[0], sampling, (given, kept) -> {});
  }

  /** Compares what the page shows with what the command prints. */
  private static void assertShows(ChainTrace trace) throws InterruptedException {
    browser.until("explorer.resting");
    String label = model.vocabulary().label(trace.chosen());
    String rank =
        " id %d, rank %d by the model".formatted(trace.chosen(), trace.rank(trace.chosen()));
    assertTrue(facts().startsWith(label + rank), facts());
    String logProbability = "%.4f".formatted(trace.logProbability(trace.chosen()));
    assertTrue(facts().contains(logProbability.replace("-", "\u2212")), facts());
    assertEquals(label, browser.text("document.querySelector('#context .drawn').textContent"));
    double[] drawn = trace.drawn();
    double[] shown =
        Arrays.stream(browser.text("[...explorer.chain.probabilities].join(' ')").split(" "))
            .mapToDouble(Double::parseDouble)
            .toArray();
    assertEquals(Arrays.toString(drawn), Arrays.toString(shown));
  }

  @Test
  void stepsAndSlidersShowTheCommandLinesNumbers() throws Exception {
    int[] ids = model.encode(TEXT, "prompt");
    ChainTrace first = trace(ids, 0.8, 200);
    assertShows(first);
    type("temperature-number", "1.5");
    type("top-k-number", "7");
    ChainTrace hot = trace(ids, 1.5, 7);
    assertShows(hot);
    browser.find("#next").click();
    browser.until("explorer.step.ids.length === " + (ids.length + 1));
    assertEquals(hot.chosen(), browser.number("explorer.step.ids.at(-1)"));
    // The second step's random number is another one.
    assertEquals(browser.number("explorer.step.chosen"), browser.number("explorer.chain.drawn"));
    browser.find("#previous").click();
    browser.settle();
    assertShows(hot);
    browser.find("#next").click(); // the step that is known
    browser.settle();
    assertEquals(ids.length + 1, browser.number("explorer.step.ids.length"));
    browser.find("#reset").click();
    browser.find("#speed").sendKeys("fast");
    browser.find("#play").click();
    browser.until("explorer.step.ids.length >= " + (ids.length + 4));
    browser.find("#play").click();
    assertEquals("Play", browser.find("#play").getText());
    browser.checkConsole();
  }

  @Test
  void theModelCanBeOpened() throws Exception {
    browser.run("document.querySelectorAll('details').forEach((part) => (part.open = true))");
    String last = "(position " + (TEXT.length() - 1) + ")";
    browser.until("document.getElementById('blocks').textContent.includes('" + last + "')");
    assertEquals(7, browser.all("#lens tbody tr").size());
    String layers = browser.text("document.querySelector('#lens tbody').textContent");
    double[] probabilities = trace(model.encode(TEXT, "prompt"), 0.8, 200).probabilities();
    double best = Arrays.stream(probabilities).max().orElseThrow();
    assertTrue(layers.contains("%.1f %%".formatted(100 * best)), layers);
    assertEquals(36, browser.all(".heads button").size());
    browser.find("[data-layer='2'][data-head='3']").click();
    assertEquals("2", browser.find("#layer").getDomProperty("value"));
    assertEquals("3", browser.find("#head").getDomProperty("value"));
    browser.find("#context [data-position='4']").click();
    browser.until("document.getElementById('blocks').textContent.includes('(position 4)')");
    for (boolean dark : new boolean[] {false, true}) {
      browser.prefersDark(dark);
      Axe.check(browser, "step by step, dark " + dark);
    }
    browser.checkConsole();
  }

  @Test
  void samplesBeamsAndLoss() throws Exception {
    browser.find("#tab-samples").click();
    browser.find("#samples-draw").click();
    browser.until("document.querySelectorAll('.sample .token').length === 4 * 24");
    Axe.check(browser, "samples");
    browser.find("#tab-samples").sendKeys(Keys.ARROW_RIGHT);
    browser.find("#beams-search").click();
    browser.until("document.querySelectorAll('#best li').length === 3");
    Axe.check(browser, "beams");
    browser.find("#tab-loss").click();
    browser.find("#loss-measure").click();
    browser.until("document.querySelectorAll('#loss-rows tr').length === " + (TEXT.length() - 1));
    assertTrue(browser.find("#loss-sum").getText().startsWith("Mean loss "));
    Axe.check(browser, "loss");
    browser.checkConsole();
  }

  @Test
  void everyLessonCanBeWalked() throws Exception {
    int lessons = (int) browser.number("document.getElementById('lessons').options.length");
    assertEquals(6, lessons);
    for (int lesson = 1; lesson < lessons; lesson++) {
      browser.run(
          "const all = document.getElementById('lessons'); all.selectedIndex = arguments[0];"
              + " all.dispatchEvent(new Event('change'))",
          lesson);
      browser.until("!document.getElementById('lesson').hidden");
      for (int part = 0; part < 8 && browser.find("#lesson").isDisplayed(); part++) {
        String text = browser.find("#lesson-text").getText();
        assertTrue(text.length() > 20 && !text.contains("NaN"), text);
        browser.find("#lesson-on").click();
        browser.settle();
      }
      assertTrue(!browser.find("#lesson").isDisplayed(), "lesson " + lesson);
    }
    browser.checkConsole();
  }

  @Test
  void errorsAreShownAndPhonesDoNotScrollSideways() throws Exception {
    browser.find("#prompt").sendKeys("\u00e9");
    browser.find("#start").click();
    browser.until("document.getElementById('failure').textContent.includes('prompt: ')");
    browser.discardConsole(); // the browser logs the status 400
    browser.run("document.querySelectorAll('details').forEach((part) => (part.open = true))");
    for (int width : new int[] {360, 768, 1440}) {
      browser.size(width, 800);
      assertEquals(
          browser.number("document.documentElement.clientWidth"),
          browser.number("document.documentElement.scrollWidth"));
    }
  }
}
