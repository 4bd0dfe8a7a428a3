package gpt.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelLocatorTest {
  @TempDir Path folder;

  @Test
  void aPathComesBeforeAName() throws IOException {
    Path weights = Files.createDirectories(folder.resolve("weights"));
    Path named = Files.createDirectories(weights.resolve("gpt2"));
    List<Path> folders = List.of(folder.resolve("none"), weights);
    assertEquals(Optional.of(named), ModelLocator.find("gpt2", folders));
    assertEquals(Optional.of(folder), ModelLocator.find(folder.toString(), List.of(weights)));
    for (String nothing : List.of("", "/no/such/folder", "no/such")) {
      assertEquals(Optional.empty(), ModelLocator.find(nothing, List.of(weights)), nothing);
    }
  }

  @Test
  void reportsAMissingModel() {
    String name = ModelLocator.missing("--model", "nope", List.of(folder)).getMessage();
    assertTrue(name.contains("nope") && name.contains(folder.toString()), name);
    String path = ModelLocator.missing("--like", "./no/such", List.of(folder)).getMessage();
    assertTrue(path.contains("--like ./no/such: no such file"), path);
    assertFalse(path.contains(folder.toString()), path);
  }
}
