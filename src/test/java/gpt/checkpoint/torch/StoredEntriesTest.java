package gpt.checkpoint.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoredEntriesTest {
  private static final int LOCAL_BYTES = 30;
  private static final int ENTRY_BYTES = 46;
  private static final int END_BYTES = 22;

  @TempDir Path tmp;

  private byte[] zip() throws IOException {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put("a/first", "one".getBytes(StandardCharsets.UTF_8));
    entries.put("a/empty", new byte[0]);
    entries.put("a/sécond", "two and more".getBytes(StandardCharsets.UTF_8));
    return Files.readAllBytes(TinyNanoGpt.zip(tmp.resolve("z"), entries, ZipEntry.STORED));
  }

  private static StoredEntries entries(byte[] zip) {
    return new StoredEntries(Path.of("z"), MemorySegment.ofArray(zip));
  }

  private static void assertFound(byte[] zip) {
    StoredEntries found = entries(zip);
    for (Map.Entry<String, String> e :
        Map.of("a/first", "one", "a/empty", "", "a/sécond", "two and more").entrySet()) {
      byte[] expected = e.getValue().getBytes(StandardCharsets.UTF_8);
      byte[] bytes = found.data(e.getKey(), expected.length, "").toArray(ValueLayout.JAVA_BYTE);
      assertArrayEquals(expected, bytes, e.getKey());
    }
  }

  private static byte[] joined(byte[] a, byte[] b) {
    byte[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }

  private static ByteBuffer in(byte[] zip) {
    return ByteBuffer.wrap(zip).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Test
  void entriesAreFoundWithACommentOrALeadingPrefix() throws IOException {
    byte[] zip = zip();
    assertFound(zip);
    byte[] comment = "PK\5\6 is no end here".getBytes(StandardCharsets.ISO_8859_1);
    byte[] commented = joined(zip, comment);
    in(commented).putShort(zip.length - 2, (short) comment.length);
    assertFound(commented);
    assertFound(joined(new byte[1000], zip)); // offsets count from the zip's first byte
  }

  /** Zip64, as PyTorch writes for files of 4 GiB and more. */
  @Test
  void zip64FieldsAreRead() throws IOException {
    byte[] zip = zip();
    int end = zip.length - END_BYTES;
    int directory = in(zip).getInt(end + 16);
    byte[] name = "a/first".getBytes(StandardCharsets.UTF_8);
    ByteBuffer out = ByteBuffer.allocate(1000).order(ByteOrder.LITTLE_ENDIAN);
    out.put(zip, 0, directory);
    out.put(zip, directory, ENTRY_BYTES);
    out.putInt(directory + 20, -1).putInt(directory + 24, -1).putInt(directory + 42, -1);
    out.putShort(directory + 30, (short) 36);
    out.put(name);
    out.putShort((short) 99).putShort((short) 4).putInt(7); // another field comes first
    out.putShort((short) 1).putShort((short) 24).putLong(3).putLong(3).putLong(0);
    long size = out.position() - directory;
    long end64 = out.position();
    out.putInt(0x06064b50).putLong(44).putShort((short) 45).putShort((short) 45).putLong(0);
    out.putLong(1).putLong(1).putLong(size).putLong(directory);
    out.putInt(0x07064b50).putInt(0).putLong(end64).putInt(1);
    out.put(zip, end, END_BYTES);
    out.putInt(out.position() - 14, -1).putInt(out.position() - 10, -1);
    out.putInt(out.position() - 6, -1);
    byte[] all = Arrays.copyOf(out.array(), out.position());
    byte[] first = entries(all).data("a/first", 3, "").toArray(ValueLayout.JAVA_BYTE);
    assertEquals("one", new String(first, StandardCharsets.UTF_8));
    // java.util.zip reads it too.
    Path file = Files.write(tmp.resolve("z64"), all);
    try (java.util.zip.ZipFile read = new java.util.zip.ZipFile(file.toFile())) {
      assertEquals(3, read.getEntry("a/first").getSize());
    }
  }

  /** Each field of the directory and the headers is replaced by invalid numbers. */
  @Test
  void nothingOutsideTheFileIsRead() throws IOException {
    byte[] good = zip();
    int refused = 0;
    for (int at = 0; at + 4 <= good.length; at++) {
      for (int value : new int[] {0, 1, 0x7FFFFFFF, 0x80000000, -1, -2, good.length}) {
        byte[] bad = good.clone();
        in(bad).putInt(at, value);
        try {
          entries(bad).data("a/first", 3, "");
        } catch (GptException e) {
          assertTrue(e.getMessage().startsWith("z: "), e.getMessage());
          refused++;
        }
      }
    }
    assertTrue(refused > 200, "only " + refused + " refused");
  }

  @Test
  void truncatedFilesAndDuplicateNamesAreRefused() throws IOException {
    byte[] zip = zip();
    GptException longer =
        assertThrows(GptException.class, () -> entries(zip).data("a/first", 1000, "record "));
    assertEquals(
        "z: record a/first is cut off: expected 1000 bytes, found "
            + (in(zip).getInt(zip.length - END_BYTES + 16) - LOCAL_BYTES - "a/first".length()),
        longer.getMessage());
    for (int length = 0; length < zip.length; length++) {
      byte[] cut = Arrays.copyOf(zip, length);
      assertThrows(GptException.class, () -> entries(cut), "length " + length);
    }
    String text = new String(zip, StandardCharsets.ISO_8859_1);
    byte[] twice = zip.clone();
    int empty = text.lastIndexOf("a/empty");
    System.arraycopy("a/first".getBytes(StandardCharsets.UTF_8), 0, twice, empty, 7);
    GptException e = assertThrows(GptException.class, () -> entries(twice));
    assertEquals("z: duplicate zip entry a/first", e.getMessage());
  }
}
