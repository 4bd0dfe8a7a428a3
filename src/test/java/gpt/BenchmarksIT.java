package gpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code scripts/bench}: a run of a few seconds. */
class BenchmarksIT {
  @TempDir Path folder;

  @Test
  void aSmallRunWritesResultsAndAReport() throws Exception {
    Path out = folder.resolve("new");
    Program.Result run =
        bench("--device", "cpu", "--quick", "--operations", "layernorm", "--shapes", "demo")
            .run()
            .succeeded();
    List<Path> files;
    try (var all = Files.list(out)) {
      files = all.sorted().toList();
    }
    assertEquals(4, files.size(), files::toString);
    Path json =
        files.stream().filter(f -> f.toString().endsWith(".json")).findFirst().orElseThrow();
    JsonObject results = JsonParser.parseString(Files.readString(json)).getAsJsonObject();
    assertTrue(results.get("complete").getAsBoolean());
    assertEquals(2, results.getAsJsonArray("probes").size());
    String settings = results.getAsJsonObject("conditions").get("settings").getAsString();
    assertTrue(settings.startsWith("--device cpu --quick "), settings);
    assertTrue(settings.contains(" (JMH 1.37: ") && !settings.contains("--out"), settings);
    assertEquals(4, results.getAsJsonArray("rows").size(), run::toString);
    for (JsonElement row : results.getAsJsonArray("rows")) {
      assertEquals(3, row.getAsJsonObject().getAsJsonArray("wall").size());
      JsonObject spec = row.getAsJsonObject().getAsJsonObject("spec");
      assertEquals("layernorm", spec.get("operation").getAsString());
      assertEquals("demo", spec.get("shape").getAsString());
    }
    String name = json.getFileName().toString().replace(".json", "");
    assertTrue(name.matches("[a-z0-9-]+-\\d{4}-\\d\\d-\\d\\d"), name);
    assertTrue(Files.readString(out.resolve(name + ".md")).contains("\n## layernorm\n"));
    assertTrue(run.out().contains(name + ".md"), run::toString);
  }

  private Program bench(String... arguments) {
    String[] command = new String[arguments.length + 3];
    command[0] = Program.ROOT.resolve("scripts/bench").toString();
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    command[arguments.length + 1] = "--out";
    command[arguments.length + 2] = folder.resolve("new").toString();
    return Program.of(command)
        .environment("TORNADOVM_HOME", null)
        .environment("MAVEN_PROJECTBASEDIR", null)
        .environment("MAVEN_CMD_LINE_ARGS", null)
        .environment("MAVEN_BASEDIR", null);
  }
}
