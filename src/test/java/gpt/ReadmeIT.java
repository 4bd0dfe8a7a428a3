package gpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every command that README.md gives in a {@code sh} block, as a reader would run it, in order. */
class ReadmeIT {
  /** This test is part of it. */
  private static final String TEST_COMMAND = "./mvnw verify";

  @Test
  void everyCommandRuns() throws Exception {
    List<String> commands = commands(Files.readAllLines(Path.of("README.md")));
    assertEquals(
        List.of(TEST_COMMAND),
        commands.stream().filter(c -> c.contains("mvnw")).map(c -> c.split(" *#")[0]).toList());
    delete(Path.of("target/my-model")); // of an earlier run
    int run = 0;
    for (String command : commands) {
      if (command.contains("mvnw")) {
        continue;
      }
      Program.Result result = Program.of("sh", "-c", command).run().succeeded();
      assertTrue(!result.out().isBlank() || !result.notes().isEmpty(), result::toString);
      run++;
    }
    assertTrue(run >= 5, "only " + run + " commands found");
  }

  private static List<String> commands(List<String> readme) {
    List<String> commands = new ArrayList<>();
    boolean inside = false;
    for (String line : readme) {
      if (line.startsWith("```")) {
        inside = !inside && line.equals("```sh");
      } else if (inside && !line.isBlank() && !line.startsWith("#")) {
        commands.add(line);
      }
    }
    assertFalse(inside, "README.md: a block is not closed");
    return commands;
  }

  private static void delete(Path folder) throws IOException {
    if (Files.exists(folder)) {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.toList().reversed()) {
          Files.delete(file);
        }
      }
    }
  }
}
