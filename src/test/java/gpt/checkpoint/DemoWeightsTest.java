package gpt.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.model.DType;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The committed demo model is the one that weights/README.md describes. */
class DemoWeightsTest {
  private static final Path FOLDER = Path.of("weights/shakespeare-char");

  @TempDir Path tmp;

  @Test
  void matchesItsReadme() throws Exception {
    String readme = Files.readString(Path.of("weights/README.md"));
    for (String file : List.of("model.safetensors", "config.json", "characters.json")) {
      assertTrue(readme.contains(sha256(FOLDER.resolve(file)) + "  " + file), file);
    }
    try (Checkpoint c = Checkpoint.open(FOLDER)) {
      assertEquals(new GptConfig(6, 6, 192, 256, 65, 768, true, Gelu.EXACT, 1e-5), c.config());
      assertEquals(DType.F32, c.dtype());
      assertTrue(c.weights().tied());
      List<String> characters = c.characters().orElseThrow();
      assertEquals(65, characters.size());
      assertEquals(List.of("\n", " ", "!"), characters.subList(0, 3));
      assertEquals(characters.stream().sorted().toList(), characters);
    }
  }

  @Test
  void exportGivesTheSameBytes() throws Exception {
    try (Checkpoint c = Checkpoint.open(FOLDER)) {
      CheckpointWriter.write(c, tmp.resolve("out"));
    }
    for (String file : List.of("model.safetensors", "config.json", "characters.json")) {
      assertEquals(
          -1, Files.mismatch(FOLDER.resolve(file), tmp.resolve("out").resolve(file)), file);
    }
  }

  private static String sha256(Path file) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    return HexFormat.of().formatHex(digest.digest(Files.readAllBytes(file)));
  }
}
