package gpt.hub;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChecksumTest {
  @TempDir Path folder;

  private final List<Long> progress = new ArrayList<>();

  private boolean matches(String sum, byte[] content, long size) throws IOException {
    Path file = Files.write(folder.resolve("file"), content);
    try (FileChannel channel = FileChannel.open(file)) {
      return Checksum.matches(sum, channel, size, progress::add);
    }
  }

  @Test
  void smallFilesHaveGitsChecksum() throws IOException {
    // git hash-object of a file with "hello" and a line break.
    String sum = "ce013625030ba8dba906f756967f9e9ca394464a";
    assertTrue(matches(sum, "hello\n".getBytes(UTF_8), 6));
    assertTrue(matches(sum, "hello\nand more".getBytes(UTF_8), 6));
    assertFalse(matches(sum, "hello ".getBytes(UTF_8), 6));
    assertFalse(matches(sum, "hello".getBytes(UTF_8), 6)); // the file is shorter
  }

  @Test
  void checksumCoversEveryByteOfALargeFile() throws IOException {
    byte[] content = new byte[3_500_000];
    new Random(1).nextBytes(content);
    String sum = FakeHub.sum(content);
    assertTrue(matches(sum, content, content.length));
    assertEquals(List.of(1L << 20, 2L << 20, 3L << 20, 3_500_000L), progress);
    content[content.length - 1] ^= 1;
    assertFalse(matches(sum, content, content.length));
  }
}
