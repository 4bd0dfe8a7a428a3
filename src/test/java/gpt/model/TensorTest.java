package gpt.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

class TensorTest {
  @Test
  void transposedSwapsRowsAndColumns() {
    Tensor t = Tensor.matrix("w", 2, 3, new float[] {1, 2, 3, 4, 5, 6});
    Tensor u = t.transposed();
    assertEquals(3, u.rows());
    assertEquals(2, u.columns());
    assertArrayEquals(new float[] {1, 4, 2, 5, 3, 6}, u.toArray());
    float[] part = new float[3];
    t.row(1, 1, 2, part, 1);
    assertArrayEquals(new float[] {0, 5, 6}, part);
    u.row(2, 0, 2, part, 0);
    assertArrayEquals(new float[] {3, 6, 6}, part);
    assertThrows(IllegalStateException.class, () -> Tensor.vector("b", 1f).transposed());
  }

  @Test
  void halfTypesAreWidenedExactly() {
    // 1, −2, 65504 (largest half), 2⁻²⁴ (smallest half)
    assertArrayEquals(
        new float[] {1, -2, 65504, 0x1p-24f}, tensor(DType.F16, 0x3C00, 0xC000, 0x7BFF, 1));
    // 1, −2, the largest bfloat16, infinity
    float[] bf16 = tensor(DType.BF16, 0x3F80, 0xC000, 0x7F7F, 0x7F80);
    assertArrayEquals(new float[] {1, -2, 0x1.FEp127f, Float.POSITIVE_INFINITY}, bf16);
    assertTrue(Float.isNaN(tensor(DType.BF16, 0x7FC0)[0]));
  }

  private static float[] tensor(DType dtype, int... bits) {
    ByteBuffer bytes = ByteBuffer.allocate(2 * bits.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int b : bits) {
      bytes.putShort((short) b);
    }
    return Tensor.vector("v", dtype, bits.length, MemorySegment.ofArray(bytes.array())).toArray();
  }

  @Test
  void dataMustFitTheShape() {
    MemorySegment bytes = MemorySegment.ofArray(new byte[12]);
    assertEquals(3, Tensor.vector("v", DType.F32, 3, bytes).size());
    assertThrows(IllegalArgumentException.class, () -> Tensor.matrix("w", DType.F32, 2, 2, bytes));
    assertThrows(
        IllegalArgumentException.class,
        () -> Tensor.matrix("w", DType.F16, 1 << 20, 1 << 20, bytes));
  }

  @Test
  void configsRejectInvalidValues() {
    GptConfig c = new GptConfig(2, 3, 48, 32, 97, 192, true, Gelu.EXACT, 1e-5);
    assertEquals(16, c.headSize());
    assertEquals(Gelu.TANH, c.withGelu(Gelu.TANH).gelu());
    GptException e =
        assertThrows(
            GptException.class, () -> new GptConfig(2, 5, 48, 32, 97, 192, true, Gelu.EXACT, 1e-5));
    assertEquals("n_embd must be divisible by n_head: n_embd is 48, n_head is 5", e.getMessage());
    assertThrows(GptException.class, () -> new GptConfig(0, 1, 1, 1, 1, 1, true, Gelu.EXACT, 1e-5));
    assertThrows(
        GptException.class, () -> new GptConfig(1, 1, 1, 1, 1, 1, true, Gelu.EXACT, Double.NaN));
  }
}
