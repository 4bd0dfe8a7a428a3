package gpt.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Dequantized values have the bits of gguf-py's. */
class QuantizedBlockTest {
  private static final Path BLOCKS = Path.of("src/test/resources/gguf-blocks/blocks.txt");

  @Test
  void valuesHaveTheBitsOfGgufPy() throws IOException {
    Set<DType> tested = EnumSet.noneOf(DType.class);
    for (String line : Files.readAllLines(BLOCKS)) {
      if (line.startsWith("#")) {
        continue;
      }
      String[] parts = line.split(" ");
      DType type = DType.valueOf(parts[0]);
      tested.add(type);
      byte[] bytes = HexFormat.of().parseHex(parts[1]);
      ByteBuffer expected = ByteBuffer.wrap(HexFormat.of().parseHex(parts[2]));
      int n = type.block();
      Tensor tensor = Tensor.matrix("w", type, 1, n, MemorySegment.ofArray(bytes));
      float[] found = new float[n];
      tensor.row(0, 0, n, found, 0);
      for (int e = 0; e < n; e++) {
        int bits = expected.getInt();
        assertEquals(bits, Float.floatToRawIntBits(found[e]), type + " element " + e);
        assertEquals(bits, Float.floatToRawIntBits(tensor.get(0, e)), type + " element " + e);
      }
      float[] part = new float[7];
      tensor.row(0, 11, 5, part, 1);
      assertArrayEquals(
          new float[] {0, found[11], found[12], found[13], found[14], found[15], 0}, part);
    }
    Set<DType> quantized = EnumSet.allOf(DType.class);
    quantized.removeIf(type -> !type.quantized());
    assertEquals(quantized, tested);
  }
}
