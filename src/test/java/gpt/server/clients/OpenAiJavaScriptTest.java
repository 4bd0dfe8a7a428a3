package gpt.server.clients;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** OpenAI's own JavaScript package, where Node.js and the package are there. */
class OpenAiJavaScriptTest {
  private static final Path MODULES = Path.of("target/clients/node_modules");

  @Test
  @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void theirClientWorks() throws IOException, InterruptedException {
    assumeTrue(
        Files.exists(MODULES.resolve("openai")),
        "OpenAI's package is not here; to test with it: npm install --prefix target/clients"
            + " openai");
    try (DemoServer server = new DemoServer(Duration.ofSeconds(30), Duration.ofSeconds(30))) {
      ProcessBuilder node =
          new ProcessBuilder(
                  "node", "src/test/js/openai-client.cjs", server.url(), DemoServer.MODEL)
              .redirectErrorStream(true);
      node.environment().put("NODE_PATH", MODULES.toAbsolutePath().toString());
      Process process = node.start();
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      assertEquals(0, process.waitFor(), output);
      server.await("gpt_requests_cancelled_total", 1);
      server.await("gpt_completions_active", 0);
    }
  }
}
