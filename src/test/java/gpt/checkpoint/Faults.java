package gpt.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.model.GptException;
import java.nio.file.Path;

/** What the tests ask of an error: one line, with all that the user must know. */
final class Faults {
  private Faults() {}

  static void assertRefused(Path path, String... parts) {
    GptException e = assertThrows(GptException.class, () -> Checkpoint.open(path).close());
    assertEquals(1, e.getMessage().lines().count(), e.getMessage());
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), () -> "no '" + part + "' in: " + e.getMessage());
    }
  }
}
