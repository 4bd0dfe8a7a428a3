package gpt.checkpoint.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.model.DType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Quantized blocks have the bytes of gguf-py's. */
class BlockEncoderTest {
  private static final Path BLOCKS = Path.of("src/test/resources/gguf-blocks/quantized.txt");
  private static final DType[] TYPES = {DType.Q8_0, DType.Q5_1, DType.Q5_0, DType.Q4_1, DType.Q4_0};

  private static byte[] encode(DType type, float[] values) {
    byte[] out = new byte[(int) type.bytes(values.length)];
    ElementEncoder.encode("w", type, values, MemorySegment.ofArray(out));
    return out;
  }

  /**
   * Normal values of many magnitudes, zeros, denormal numbers, ties, one sign only, extremes of
   * both signs, values near the limit of float16.
   */
  @Test
  void blocksHaveTheBytesOfGgufPy() throws IOException {
    int blocks = 0;
    for (String line : Files.readAllLines(BLOCKS)) {
      if (line.startsWith("#")) {
        continue;
      }
      String[] parts = line.split(" ");
      float[] values = new float[32];
      ByteBuffer.wrap(HexFormat.of().parseHex(parts[0])).asFloatBuffer().get(values);
      for (int i = 0; i < TYPES.length; i++) {
        String found = HexFormat.of().formatHex(encode(TYPES[i], values));
        assertEquals(parts[1 + i], found, TYPES[i] + " block " + blocks);
      }
      blocks++;
    }
    assertEquals(13, blocks);
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void aValueThatIsNotFiniteIsRefused(float value) {
    float[] values = new float[64];
    values[40] = value;
    for (DType type : TYPES) {
      GptException e = assertThrows(GptException.class, () -> encode(type, values));
      assertEquals(
          "tensor w: expected finite values for %s, found %s; choose f32, f16 or bf16"
              .formatted(type, value),
          e.getMessage());
    }
  }

  /** A scale or a minimum that float16 cannot hold. */
  @ParameterizedTest
  @CsvSource({
    "Q8_0, 1e38",
    "Q4_0, -1e6",
    "Q5_0, 2e6",
    "Q4_1, 1e6",
    "Q5_1, 3e38",
    "Q4_1, -7e4",
    "Q5_1, -7e4"
  })
  void aBlockOutsideTheRangeOfFloat16IsRefused(DType type, float value) {
    float[] values = new float[32];
    values[7] = value;
    GptException e = assertThrows(GptException.class, () -> encode(type, values));
    assertTrue(
        e.getMessage().startsWith("tensor w: expected values in the range of " + type),
        e.getMessage());
  }
}
