package gpt.server.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import gpt.explore.Browser;
import gpt.server.api.ServedModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The server's page in a browser. */
class PageIT {
  @Test
  @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void continuesATextAsTheApiDoes() throws Exception {
    try (Browser browser = Browser.open();
        ServedModel model = TestServer.demo(TestServer.METRICS);
        TestServer server = new TestServer(model, TestServer.settings(8, null))) {
      browser.visit("http://127.0.0.1:" + server.server().port() + "/");
      browser.find("#seed").sendKeys("5");
      browser.find("#go").click();
      while (!browser.text("document.getElementById('status').textContent").contains("seed")) {
        assertEquals("", browser.text("document.getElementById('error').textContent"));
        Thread.sleep(20);
      }
      JsonObject choice =
          server
              .complete(
                  "{\"prompt\":\"ROMEO:\",\"max_tokens\":200,\"temperature\":0.8,\"top_k\":40,"
                      + "\"seed\":5}")
              .getAsJsonArray("choices")
              .get(0)
              .getAsJsonObject();
      assertEquals(
          "ROMEO:" + choice.get("text").getAsString(),
          browser.text("document.getElementById('text').textContent"));
      browser.find("#temperature").clear();
      browser.find("#temperature").sendKeys("0.9");
      browser.find("#prompt").sendKeys("\u00e9");
      browser.find("#go").click();
      while (browser.text("document.getElementById('error').textContent").isEmpty()) {
        Thread.sleep(20);
      }
      assertTrue(browser.text("document.getElementById('error').textContent").contains("prompt: "));
    }
  }
}
