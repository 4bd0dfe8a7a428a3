package gpt.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import java.nio.file.Path;
import org.junit.jupiter.api.function.Executable;

/** Asserts that a reader throws a message of one line that contains the expected parts. */
public final class Faults {
  private Faults() {}

  public static void assertRefused(Path path, String... parts) {
    assertRefused(() -> Checkpoint.open(path).close(), parts);
  }

  public static void assertRefused(Executable reader, String... parts) {
    GptException e = assertThrows(GptException.class, reader);
    assertEquals(1, e.getMessage().lines().count(), e.getMessage());
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), () -> "no '" + part + "' in: " + e.getMessage());
    }
  }
}
