package gpt.explore.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.sampling.HostSampler;
import gpt.sampling.SamplingParameters;
import java.util.List;
import java.util.regex.Matcher;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;

/** Use of the page: keys, sliders, buttons, screen sizes, accessibility. */
class StepsPageIT extends BrowserTest {
  private static final SamplingParameters PARAMETERS =
      SamplingParameters.builder().temperature(0.8).topK(10).topP(0.95).seed(3).build();

  private static final int[] CONTEXT = {1, 2, 3};

  @BeforeEach
  void load() throws Exception {
    browser.size(1280, 900);
    browser.load(
        Pages.page(
            PARAMETERS, Pages.random(65, 2, 1), Pages.random(65, 2, 2), Pages.random(65, 2, 3)));
  }

  @AfterEach
  void noErrors() {
    browser.checkConsole();
  }

  private static String text(String id) {
    return browser.find("#" + id).getText();
  }

  private static int bars() {
    return browser.all("#bars [data-state]").size();
  }

  /** Replaces an input's value by typing. */
  private static WebElement type(String id, String text) {
    WebElement input = browser.find("#" + id);
    input.sendKeys(Keys.chord(Keys.CONTROL, "a"), text);
    browser.settle();
    return input;
  }

  /** Number of bars at least a pixel high. */
  private static double drawnBars() {
    return browser.number(
        "[...document.querySelectorAll('.candidate .bar')]"
            + ".filter((bar) => bar.getBoundingClientRect().height >= 1).length");
  }

  @Test
  void theInitialSettingsAreThoseOfTheRun() {
    assertEquals("A <title> & more", browser.find("h1").getText());
    assertEquals("Step 1 of 3", text("step"));
    assertEquals("0.8", browser.find("#temperature-number").getDomProperty("value"));
    assertEquals("10", browser.find("#top-k-number").getDomProperty("value"));
    assertEquals("0.95", browser.find("#top-p-number").getDomProperty("value"));
    assertEquals("0.8", browser.find("#temperature").getDomProperty("value"));
    assertEquals(20, bars());
    // With the run's settings the page draws the run's tokens.
    for (int step = 0; step < 3; step++) {
      assertEquals(browser.number("explorer.step.chosen"), browser.number("explorer.chain.drawn"));
      WebElement chosen = browser.find("#bars .candidate.chosen");
      assertEquals(
          browser.number("explorer.step.chosen"),
          Double.parseDouble(chosen.getDomAttribute("data-id")));
      assertTrue(chosen.getText().contains("◆ chosen"), chosen.getText());
      assertTrue(chosen.getText().contains("▲ now"), chosen.getText());
      browser.press(Keys.ARROW_RIGHT);
    }
  }

  @Test
  void keysAndButtonsChangeTheStep() {
    browser.press(Keys.ARROW_RIGHT);
    assertEquals("Step 2 of 3", text("step"));
    assertEquals(2, browser.all("#context button").size());
    browser.press(Keys.ARROW_LEFT);
    browser.press(Keys.ARROW_LEFT);
    assertEquals("Step 1 of 3", text("step"));
    browser.press(Keys.END);
    assertEquals("Step 3 of 3", text("step"));
    browser.press(Keys.ARROW_RIGHT);
    assertEquals("Step 3 of 3", text("step"));
    browser.press(Keys.HOME);
    assertEquals("Step 1 of 3", text("step"));
    browser.find("#next").click();
    browser.settle();
    browser.press(Keys.ARROW_RIGHT); // while the button has the focus
    assertEquals("Step 3 of 3", text("step"));
    browser.find("#previous").click();
    assertEquals("Step 2 of 3", text("step"));
  }

  /** Each step has its own temperature until the user changes it. */
  @Test
  void stepsOfSeveralTemperatures() throws Exception {
    float[] logits = Pages.random(65, 2, 1);
    StepsPage page = new StepsPage("Several", PARAMETERS, Pages.labels(65));
    List<Double> temperatures = List.of(0.1, 1.0, 10.0, 0.0);
    for (double temperature : temperatures) {
      SamplingParameters parameters = PARAMETERS.withTemperature(temperature);
      page.add("", CONTEXT, new HostSampler(parameters, 65).trace(logits, null, 0, 0));
    }
    browser.load(page);
    for (double temperature : temperatures) {
      assertEquals(temperature, browser.number("explorer.settings.temperature"));
      assertEquals(
          temperature, browser.number("+document.getElementById('temperature-number').value"));
      assertEquals(browser.number("explorer.step.chosen"), browser.number("explorer.chain.drawn"));
      browser.press(Keys.ARROW_RIGHT);
    }
    type("temperature-number", "0.5").sendKeys(Keys.TAB);
    browser.run("explorer.go(1)");
    assertEquals(0.5, browser.number("explorer.settings.temperature"));
    browser.find("#reset").click();
    assertEquals(1, browser.number("explorer.settings.temperature"));
  }

  @Test
  void keysMoveSliders() throws Exception {
    double before = browser.number("explorer.chain.probabilities[explorer.step.order[0]]");
    browser.find("#temperature").sendKeys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT);
    browser.settle();
    assertEquals("0.82", browser.find("#temperature-number").getDomProperty("value"));
    assertEquals(0.82, browser.number("explorer.settings.temperature"));
    assertTrue(browser.number("explorer.chain.probabilities[explorer.step.order[0]]") < before);
    assertEquals("Step 1 of 3", text("step"));

    browser.find("#top-p").sendKeys(Keys.END);
    browser.find("#top-k").sendKeys(Keys.ARROW_LEFT, Keys.ARROW_LEFT);
    browser.settle();
    assertEquals("8", browser.find("#top-k-number").getDomProperty("value"));
    assertEquals("8 likeliest", browser.find("#top-k").getDomAttribute("aria-valuetext"));
    assertEquals(8, browser.all("#bars [data-state=kept]").size());
    assertEquals(12, browser.all("#bars [data-state='cut by top-k']").size());
    browser.until("document.getElementById('kept').textContent.startsWith('8 of 65 tokens')");
    browser.find("#top-k").sendKeys(Keys.HOME);
    browser.settle();
    assertEquals("off", browser.find("#top-k").getDomAttribute("aria-valuetext"));
    assertEquals(65, browser.number("explorer.chain.count"));
    browser.find("#top-k").sendKeys(Keys.END);
    browser.settle();
    assertEquals(65, browser.number("explorer.settings.top_k"));

    browser.find("#reset").click();
    browser.settle();
    assertEquals("0.8", browser.find("#temperature-number").getDomProperty("value"));
    assertEquals(10, browser.number("explorer.settings.top_k"));
    assertEquals(0.95, browser.number("explorer.settings.top_p"));
    assertEquals(before, browser.number("explorer.chain.probabilities[explorer.step.order[0]]"));
  }

  /** Bar heights are the probabilities; the cut line is between kept and cut candidates. */
  @Test
  void barsAndCutLineMove() {
    for (int k : List.of(5, 9)) {
      type("top-k-number", String.valueOf(k));
      browser.find("#top-p").sendKeys(Keys.END);
      browser.settle();
      assertEquals(k, drawnBars());
      assertEquals(1, browser.all(".cut").size());
      assertEquals("cut by top-k", browser.find(".cut").getText());
      double line = browser.number("document.querySelector('.cut').getBoundingClientRect().left");
      String column = "document.querySelectorAll('.candidate')[" + (k - 1) + "]";
      assertEquals(browser.number(column + ".getBoundingClientRect().right"), line, 2);
      double ratio =
          browser.number(
              "explorer.chain.probabilities[explorer.step.order[1]] /"
                  + " explorer.chain.probabilities[explorer.step.order[0]]");
      String height =
          "document.querySelectorAll('.candidate .bar')[%d].getBoundingClientRect().height";
      assertEquals(
          ratio, browser.number(height.formatted(1)) / browser.number(height.formatted(0)), 0.02);
    }
    type("top-k-number", "30");
    assertEquals("cut by top-k from rank 31 on →", browser.find(".cut").getText());
    type("top-k-number", "0");
    assertEquals(0, browser.all(".cut").size());
  }

  @Test
  void invalidNumbersShowAnErrorAndAreIgnored() {
    WebElement input = type("top-p-number", "2");
    assertEquals("Top-p must be above 0 and at most 1", text("error"));
    assertEquals("true", input.getDomAttribute("aria-invalid"));
    assertEquals(0.95, browser.number("explorer.settings.top_p"));
    input.sendKeys(Keys.TAB);
    browser.settle();
    assertEquals("", text("error"));
    assertEquals("0.95", input.getDomProperty("value"));

    type("temperature-number", "250");
    assertEquals(250, browser.number("explorer.settings.temperature"));
    assertEquals("3", browser.find("#temperature").getDomProperty("value"));
  }

  /** The chosen token and the one drawn now are shown at any rank. */
  @Test
  void markedTokensBeyondTheCandidatesAreShown() throws Exception {
    SamplingParameters hot = SamplingParameters.builder().temperature(100).seed(2).build();
    browser.load(Pages.page(hot, Pages.random(1000, 3, 1)));
    int chosen = (int) browser.number("explorer.step.chosen");
    assertTrue(browser.number("explorer.step.ranks[explorer.step.chosen]") > 50);
    assertEquals(21, bars());
    assertTrue(browser.find("#bars [data-id='" + chosen + "']").getText().contains("◆ chosen"));
    type("temperature-number", "0");
    assertNotEquals(chosen, (int) browser.number("explorer.chain.drawn"));
    assertEquals(2, browser.all(".mark").size());
    assertFalse(browser.find("#strip").isDisplayed());
    browser.until("document.getElementById('chosen-facts').textContent.includes('another token')");
  }

  @Test
  void theTableHasTheNumbers() throws Exception {
    browser.find("#numbers summary").click();
    assertEquals(7, browser.all("#numbers thead th[scope=col]").size());
    browser.until("document.querySelectorAll('#rows tr').length === 20");
    String first = browser.find("#rows tr").getText();
    String label = browser.text("explorer.model.labels[explorer.step.order[0]]");
    assertTrue(first.startsWith("1 " + label + " "), first);
    double p = browser.number("explorer.chain.probabilities[explorer.step.order[0]]");
    assertTrue(first.contains("%.1f %%".formatted(100 * p)), first);
    assertTrue(text("rows").contains("◆ chosen in the run"));
    browser.find("#shown").sendKeys("50");
    browser.until("document.querySelectorAll('#rows tr').length === 50");
    assertEquals(50, bars());
  }

  @Test
  void axeFindsNoViolation() {
    for (boolean dark : new boolean[] {false, true}) {
      browser.prefersDark(dark);
      browser.run("document.querySelectorAll('details').forEach((part) => (part.open = true))");
      browser.settle();
      Axe.check(browser, dark ? "dark" : "light");
    }
    assertEquals("status", browser.find("#status").getAriaRole());
  }

  @Test
  void resultsAreAnnouncedToScreenReaders() throws Exception {
    browser.press(Keys.ARROW_RIGHT);
    for (int i = 0; i < 100 && !browser.text("status.textContent").contains("Step 2"); i++) {
      Thread.sleep(100);
    }
    String status = browser.text("document.getElementById('status').textContent");
    assertTrue(status.startsWith("Step 2 of 3. Chosen in the run: t"), status);
    assertTrue(status.contains(" of 65 tokens"), status);
  }

  @Test
  void darkAndLight() {
    String background = "getComputedStyle(document.body).backgroundColor";
    String first = browser.text(background);
    browser.find("#theme").click();
    assertNotEquals(first, browser.text(background));
    browser.find("#theme").click();
    assertEquals(first, browser.text(background));
  }

  /** HTML, scripts and placeholders in labels, context and title are displayed as text. */
  @Test
  void untrustedLabelsAreEscaped() throws Exception {
    String[] labels = Pages.labels(65);
    String[] untrusted = {
      "</script><script>window.hacked = 1</script>",
      "<img src=x onerror='window.hacked = 2'>",
      "\u2028\u2029",
      "\"'`\\${window.hacked = 3}",
      "<!--<script>",
      "{{data}}{{title}}",
      "&lt;&amp;",
      "\u202eright to left"
    };
    System.arraycopy(untrusted, 0, labels, 0, untrusted.length);
    StepsPage page = new StepsPage(untrusted[0] + untrusted[5], PARAMETERS, labels);
    HostSampler sampler = new HostSampler(PARAMETERS, 65);
    int[] ids = {0, 1};
    page.add(untrusted[1], ids, sampler.trace(Pages.logits(65, id -> -1.0 * id), null, 0, 0));
    browser.load(page);
    assertEquals("undefined", browser.text("window.hacked"));
    assertEquals(
        untrusted[0] + untrusted[5], browser.text("document.querySelector('h1').textContent"));
    for (int id : ids) {
      assertEquals(
          untrusted[id],
          browser.text("document.querySelectorAll('#context button')[" + id + "].textContent"));
    }
    for (int id = 0; id < untrusted.length; id++) {
      assertEquals(
          untrusted[id],
          browser.text(
              "document.querySelector('#bars [data-id=\"" + id + "\"] .name').textContent"));
    }
  }

  /** The names of source files are links once the pom has the repository's address. */
  @Test
  void sourceFilesAreLinksToAKnownRepository() throws Exception {
    String page = Pages.page(PARAMETERS, Pages.random(65, 2, 1)).html();
    for (String address : List.of("${owner.url}", "https://example.org/FILL-IN")) {
      browser.load(in(page, address));
      assertEquals(0, browser.all(".source a").size());
    }
    browser.load(in(page, "https://example.org/gpt"));
    assertEquals(
        "https://example.org/gpt/blob/HEAD/kernels/gpt/kernels/sampling/SamplingChain.java",
        browser.text("document.querySelector('#stage-chain .source a').href"));
  }

  private static String in(String page, String repository) {
    return page.replaceFirst(
        "data-repository=\"[^\"]*\"",
        Matcher.quoteReplacement("data-repository=\"" + repository + "\""));
  }

  /** Phones and zoomed screens need no horizontal scrolling. */
  @Test
  void narrowScreensDoNotScrollHorizontally() throws Exception {
    String[] labels = Pages.labels(65);
    labels[3] = "a".repeat(80);
    StepsPage page = new StepsPage("t".repeat(100), PARAMETERS, labels);
    HostSampler sampler = new HostSampler(PARAMETERS, 65);
    int[] ids = IntStream.range(0, 60).toArray();
    page.add("", ids, sampler.trace(Pages.logits(65, id -> -0.1 * id), null, 0, 0));
    browser.load(page);
    for (int[] size : new int[][] {{360, 740}, {320, 256}, {640, 450}, {1280, 900}}) {
      browser.size(size[0], size[1]);
      double wide = browser.number("document.documentElement.scrollWidth");
      assertTrue(wide <= size[0], wide + " at " + size[0]);
      assertEquals(browser.number("document.documentElement.clientWidth"), wide);
    }
  }
}
