package gpt.explore.plot;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import gpt.sampling.Weight;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The tests of the pages' modules, where Node.js is there. */
class JavaScriptTest {
  @Test
  void theModulesTestsPass() throws IOException, InterruptedException {
    boolean found =
        Stream.of(System.getenv("PATH").split(File.pathSeparator))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, "node")));
    String missing = "no node on PATH: the tests of the pages' modules are skipped";
    if (!found) {
      System.out.println(missing);
    }
    assumeTrue(found, missing);
    ProcessBuilder node =
        new ProcessBuilder(
                List.of(
                    "node", "--test", "src/test/js/chain.test.mjs", "src/test/js/modules.test.mjs"))
            .redirectErrorStream(true);
    node.environment().put("GPT_COEFFICIENTS", Arrays.toString(Weight.coefficients()));
    Process process = node.start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertEquals(0, process.waitFor(), output);
  }
}
