package gpt.checkpoint.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.model.DType;
import gpt.model.Tensor;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Floats are converted to a stored type as ggml does. */
class ElementEncoderTest {
  @Test
  void quantizesABlockLikeGgml() {
    float[] values = new float[64];
    values[0] = -127;
    values[1] = 2.5f; // halves round away from zero
    values[2] = -2.5f;
    values[3] = 0.49f;
    byte[] bytes = new byte[68];
    ElementEncoder.encode("w", DType.Q8_0, values, MemorySegment.ofArray(bytes));
    assertArrayEquals(
        new byte[] {0, 0x3C, -127, 3, -3, 0},
        new byte[] {bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5]});
    Tensor t = Tensor.matrix("w", DType.Q8_0, 2, 32, MemorySegment.ofArray(bytes));
    assertEquals(-127, t.get(0, 0));
    assertEquals(3, t.get(0, 1));
    assertEquals(0, t.get(1, 31), "a block of zeros");
    assertThrows(
        IllegalArgumentException.class,
        () -> Tensor.matrix("w", DType.Q8_0, 4, 16, MemorySegment.ofArray(bytes)));
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F16", "BF16"})
  void aValueOutsideTheTypesRangeIsRefused(DType dtype) {
    float[] values = new float[32];
    values[7] = Float.MAX_VALUE;
    GptException e =
        assertThrows(
            GptException.class,
            () ->
                ElementEncoder.encode(
                    "w", dtype, values, MemorySegment.ofArray(new byte[(int) dtype.bytes(32)])));
    assertTrue(
        e.getMessage().startsWith("tensor w: expected values in the range of"), e.getMessage());
  }
}
