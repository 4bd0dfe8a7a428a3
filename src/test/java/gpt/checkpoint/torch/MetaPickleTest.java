package gpt.checkpoint.torch;

import static gpt.checkpoint.Faults.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;

import gpt.checkpoint.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads the characters of nanoGPT's meta.pkl. */
class MetaPickleTest {
  @TempDir Path tmp;
  private Path model;

  @BeforeEach
  void writeModel() throws IOException {
    model = new TinyNanoGpt().write(tmp);
  }

  private void meta(byte[] pickle) throws IOException {
    Files.write(tmp.resolve("meta.pkl"), pickle);
  }

  private Optional<List<String>> characters() {
    try (Checkpoint c = Checkpoint.open(model)) {
      return c.characters();
    }
  }

  @Test
  void readsTheCharacters() throws IOException {
    assertEquals(Optional.empty(), characters());
    meta(PickleBuilder.meta("\n", "a", "\ud83d\ude00", "b", "c"));
    assertEquals(Optional.of(List.of("\n", "a", "\ud83d\ude00", "b", "c")), characters());
    meta(new PickleBuilder().value(Map.of("vocab_size", 50257)).stop());
    assertEquals(Optional.empty(), characters());
  }

  @Test
  void mustFitTheModel() throws IOException {
    meta(PickleBuilder.meta("a", "b", "c", "d", "e", "f"));
    assertRefused(model, "meta.pkl", "at most 5", "found 6");
    meta(PickleBuilder.meta("a", "b"));
    assertRefused(model, "meta.pkl", "expected 5 characters", "found 2");
  }

  @Test
  void everyIdNeedsADistinctCharacter() throws IOException {
    meta(PickleBuilder.meta("a", "bc"));
    assertRefused(model, "meta.pkl", "id 1", "one character");
    meta(new PickleBuilder().value(Map.of("itos", Map.of(0, "a", 2, "b"))).stop());
    assertRefused(model, "meta.pkl", "id 1 is missing");
    meta(new PickleBuilder().value(Map.of("itos", Map.of(0, "a", 1, "a"))).stop());
    assertRefused(model, "meta.pkl", "id 1", "expected distinct characters");
  }

  @Test
  void namesAreRefused() throws IOException {
    meta(new PickleBuilder().global("posix", "system").stop());
    assertRefused(model, "meta.pkl", "posix.system");
    meta(new byte[] {'c'});
    assertRefused(model, "meta.pkl", "damaged");
  }
}
