package gpt.checkpoint.format;

import gpt.GptException;
import gpt.model.Bf16;
import gpt.model.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Converts floats to the bytes of a stored type. float16 and bfloat16 round to nearest, ties to
 * even.
 */
final class ElementEncoder {
  private static final ValueLayout.OfFloat F32 =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort I16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int MAX_INT8 = 127;

  private ElementEncoder() {}

  /**
   * Encodes all values.
   *
   * @param key the tensor's name, for error messages
   * @param values their number is a multiple of the type's block
   * @param out receives {@code dtype.bytes(values.length)} bytes
   * @throws GptException if a finite value is infinite in that type
   */
  static void encode(String key, DType dtype, float[] values, MemorySegment out) {
    switch (dtype) {
      case F32 -> MemorySegment.copy(values, 0, out, F32, 0, values.length);
      case F16 -> {
        for (int i = 0; i < values.length; i++) {
          out.set(I16, 2L * i, float16(key, dtype, values[i]));
        }
      }
      case BF16 -> {
        for (int i = 0; i < values.length; i++) {
          out.set(I16, 2L * i, bfloat16(key, values[i]));
        }
      }
      case Q8_0 -> {
        int block = dtype.block();
        for (int i = 0; i < values.length; i += block) {
          q8(key, values, i, out, dtype.bytes(i));
        }
      }
      case Q4_0 -> {
        int block = dtype.block();
        for (int i = 0; i < values.length; i += block) {
          q4(key, values, i, out, dtype.bytes(i));
        }
      }
      default -> throw new IllegalArgumentException("cannot write " + dtype);
    }
  }

  private static short float16(String key, DType dtype, float value) {
    short bits = Float.floatToFloat16(value);
    if ((bits & 0x7FFF) == 0x7C00 && !Float.isInfinite(value)) {
      throw outOfRange(key, dtype, value);
    }
    return bits;
  }

  private static short bfloat16(String key, float value) {
    short bits = Bf16.of(value);
    if ((bits & 0x7FFF) == 0x7F80 && !Float.isInfinite(value)) {
      throw outOfRange(key, DType.BF16, value);
    }
    return bits;
  }

  /**
   * Quantizes one block to Q8_0 as ggml does: divides by the scale before that is rounded to
   * float16, and rounds halves away from zero.
   */
  private static void q8(String key, float[] values, int from, MemorySegment out, long at) {
    int n = DType.Q8_0.block();
    float max = 0;
    for (int i = from; i < from + n; i++) {
      max = Math.max(max, Math.abs(values[i]));
    }
    float scale = max / MAX_INT8;
    float inverse = scale == 0 ? 0 : 1 / scale;
    out.set(I16, at, float16(key, DType.Q8_0, scale));
    for (int i = 0; i < n; i++) {
      float x = values[from + i] * inverse;
      int magnitude = (int) (Math.abs((double) x) + 0.5);
      out.set(ValueLayout.JAVA_BYTE, at + Short.BYTES + i, (byte) (x < 0 ? -magnitude : magnitude));
    }
  }

  /**
   * Quantizes one block to Q4_0 as ggml does: the value of the largest magnitude, with its sign,
   * becomes −8.
   */
  private static void q4(String key, float[] values, int from, MemorySegment out, long at) {
    int half = DType.Q4_0.block() / 2;
    float extreme = 0;
    for (int i = from; i < from + 2 * half; i++) {
      extreme = Math.abs(values[i]) > Math.abs(extreme) ? values[i] : extreme;
    }
    float scale = extreme / -8;
    float inverse = scale == 0 ? 0 : 1 / scale;
    out.set(I16, at, float16(key, DType.Q4_0, scale));
    for (int i = 0; i < half; i++) {
      int low = nibble(values[from + i], inverse);
      int high = nibble(values[from + half + i], inverse);
      out.set(ValueLayout.JAVA_BYTE, at + Short.BYTES + i, (byte) (low | high << 4));
    }
  }

  private static int nibble(float value, float inverse) {
    return Math.min(15, (int) (value * inverse + 8.5f));
  }

  private static GptException outOfRange(String key, DType dtype, float value) {
    return new GptException(
        "tensor "
            + key
            + ": expected values in the range of "
            + dtype
            + ", found "
            + value
            + "; choose another dtype");
  }
}
