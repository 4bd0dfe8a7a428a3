package gpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.model.GptException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelLocatorTest {
  @TempDir Path folder;

  @Test
  void aPathComesBeforeAName() throws IOException {
    Path weights = Files.createDirectories(folder.resolve("weights"));
    Path named = Files.createDirectories(weights.resolve("gpt2"));
    assertEquals(named, ModelLocator.locate("gpt2", List.of(folder.resolve("none"), weights)));
    assertEquals(folder, ModelLocator.locate(folder.toString(), List.of(weights)));
    for (String nothing : List.of("", "/no/such/folder", "no/such")) {
      assertThrows(GptException.class, () -> ModelLocator.locate(nothing, List.of(weights)));
    }
  }

  @Test
  void whatIsMissingIsSaid() {
    List<Path> none = List.of(folder);
    String unknown =
        assertThrows(GptException.class, () -> ModelLocator.locate("nope", none)).getMessage();
    assertTrue(unknown.contains("nope") && unknown.contains(folder.toString()), unknown);
    for (String published : List.of("gpt2", "gpt2-xl", "distilgpt2")) {
      String message =
          assertThrows(GptException.class, () -> ModelLocator.locate(published, none)).getMessage();
      assertTrue(message.contains("model.safetensors"), message);
      assertFalse(message.contains("\n"), message);
    }
  }
}
