package gpt.checkpoint;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArrayFileTest {
  private static final List<ArrayFile.Matrix> TWO =
      List.of(
          new ArrayFile.Matrix("a.0", new float[][] {{1, -2.5f, 3}, {4, 5, 6e-9f}}),
          new ArrayFile.Matrix("b", new float[][] {{7}}));

  @TempDir Path folder;

  private Path write(String name, List<ArrayFile.Matrix> matrices) throws Exception {
    Path file = folder.resolve(name);
    Files.writeString(file, "an older file");
    ArrayFile.of(file).write(matrices);
    try (Stream<Path> list = Files.list(folder)) {
      assertEquals(List.of(file), list.toList(), "a temporary file remains");
    }
    return file;
  }

  @Test
  void safetensorsAreReadAgain() throws Exception {
    ByteBuffer bytes =
        ByteBuffer.wrap(Files.readAllBytes(write("x.safetensors", TWO)))
            .order(ByteOrder.LITTLE_ENDIAN);
    int header = (int) bytes.getLong();
    String json = new String(bytes.array(), 8, header, ISO_8859_1);
    assertTrue(
        json.contains("\"a.0\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}"), json);
    assertTrue(
        json.contains("\"b\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[24,28]}"), json);
    assertArrayEquals(new float[] {1, -2.5f, 3, 4, 5, 6e-9f, 7}, floats(bytes, 8 + header));
  }

  private static float[] floats(ByteBuffer bytes, int from) {
    float[] values = new float[(bytes.capacity() - from) / 4];
    bytes.position(from).slice().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }

  /** As numpy.lib.format describes version 1.0; numpy 2 has read such a file. */
  @Test
  void npyHasAHeaderAndTheRows() throws Exception {
    byte[] bytes = Files.readAllBytes(write("x.npy", TWO.subList(0, 1)));
    assertEquals("\u0093NUMPY\u0001\u0000v\u0000", new String(bytes, 0, 10, ISO_8859_1));
    String header = new String(bytes, 10, 118, ISO_8859_1);
    assertTrue(
        header.startsWith("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } "), header);
    assertTrue(header.endsWith(" \n"), header);
    assertArrayEquals(
        new float[] {1, -2.5f, 3, 4, 5, 6e-9f},
        floats(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN), 128));
  }

  @Test
  void jsonHasRows() throws Exception {
    assertEquals(
        "{\"a.0\":[[1.0,-2.5,3.0],[4.0,5.0,6.0E-9]],\"b\":[[7.0]]}\n",
        Files.readString(write("x.json", TWO)));
  }

  @Test
  void aFailureLeavesTheOldFile() throws Exception {
    Path file = Files.writeString(folder.resolve("x.json"), "old");
    List<ArrayFile.Matrix> damaged =
        List.of(new ArrayFile.Matrix("a", new float[][] {{Float.NaN}}));
    assertThrows(RuntimeException.class, () -> ArrayFile.of(file).write(damaged));
    assertEquals("old", Files.readString(file));
    try (Stream<Path> list = Files.list(folder)) {
      assertEquals(List.of(file), list.toList());
    }
    GptException e =
        assertThrows(GptException.class, () -> ArrayFile.of(folder.resolve("no/x.npy")).check());
    assertTrue(e.getMessage().contains("there is no folder"), e.getMessage());
  }
}
