package gpt.explore.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.sampling.ChainTrace;
import gpt.sampling.HostSampler;
import gpt.sampling.SamplingParameters;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Tests of the page that need no browser. */
class StepsPageTest {
  private static final SamplingParameters PARAMETERS = new SamplingParameters(1, 0, 1);

  @Test
  void loadsNothing() {
    String html = Pages.page(PARAMETERS, Pages.random(65, 1, 1)).html();
    // The address of the source files is followed on a click only.
    assertFalse(html.replaceFirst("data-repository=\"[^\"]*\"", "").contains("://"), "a URL");
    assertTrue(html.contains("default-src 'none'"));
    assertFalse(html.contains("{{"), "a placeholder is left");
    assertFalse(html.contains("import "), "a module is left out");
    assertTrue(html.contains("<title>A &lt;title&gt; &amp; more</title>"));
  }

  @Test
  void labelsCannotEndTheScriptElement() {
    String[] labels = {"</script>", "<!--", "\u2028"};
    String html = Pages.page(PARAMETERS, labels, new float[3]).html();
    assertEquals(2, html.split("</script>", -1).length - 1);
    assertFalse(html.contains("\u2028"));
  }

  @Test
  void theFileStaysBelowItsLimit() {
    int vocabSize = 1 << 18;
    StepsPage page = new StepsPage("Large", PARAMETERS, Pages.labels(vocabSize));
    ChainTrace trace =
        new HostSampler(PARAMETERS, vocabSize).trace(new float[vocabSize], null, 0, 0);
    while (page.hasRoom()) {
      page.add("", new int[] {1}, trace);
    }
    int bytes = page.html().getBytes(StandardCharsets.UTF_8).length;
    assertTrue(bytes > 22_000_000 && bytes < 24_500_000, bytes + " bytes");
    assertTrue(page.steps() > 10);
  }

  @Test
  void aTraceOfAnotherVocabularySizeIsRejected() {
    StepsPage page = new StepsPage("Small", PARAMETERS, Pages.labels(4));
    ChainTrace trace = new HostSampler(PARAMETERS, 5).trace(new float[5], null, 0, 0);
    assertThrows(IllegalArgumentException.class, () -> page.add("", new int[] {1}, trace));
    assertEquals(0, page.steps());
  }
}
