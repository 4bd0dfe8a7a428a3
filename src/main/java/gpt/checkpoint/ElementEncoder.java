package gpt.checkpoint;

import gpt.GptException;
import gpt.model.Bf16;
import gpt.model.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Floats as the bytes of a stored type, rounded to the nearest, ties to even. */
final class ElementEncoder {
  private static final ValueLayout.OfFloat F32 =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort I16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int LARGEST_BYTE = 127;

  private ElementEncoder() {}

  /**
   * Encodes all values.
   *
   * @param key names the tensor in an error
   * @param values whole blocks of the type
   * @param out as many bytes as that takes
   * @throws GptException where a finite value is infinite in that type
   */
  static void encode(String key, DType dtype, float[] values, MemorySegment out) {
    switch (dtype) {
      case F32 -> MemorySegment.copy(values, 0, out, F32, 0, values.length);
      case F16 -> {
        for (int i = 0; i < values.length; i++) {
          out.set(I16, 2L * i, half(key, dtype, values[i]));
        }
      }
      case BF16 -> {
        for (int i = 0; i < values.length; i++) {
          out.set(I16, 2L * i, brain(key, values[i]));
        }
      }
      case Q8_0 -> {
        int block = dtype.block();
        for (int i = 0; i < values.length; i += block) {
          block(key, values, i, out, dtype.bytes(i));
        }
      }
    }
  }

  private static short half(String key, DType dtype, float value) {
    short half = Float.floatToFloat16(value);
    if ((half & 0x7FFF) == 0x7C00 && !Float.isInfinite(value)) {
      throw tooLarge(key, dtype, value);
    }
    return half;
  }

  private static short brain(String key, float value) {
    short brain = Bf16.of(value);
    if ((brain & 0x7FFF) == 0x7F80 && !Float.isInfinite(value)) {
      throw tooLarge(key, DType.BF16, value);
    }
    return brain;
  }

  /** As ggml does it: by the scale before its own rounding, halves away from zero. */
  private static void block(String key, float[] values, int from, MemorySegment out, long at) {
    int n = DType.Q8_0.block();
    float largest = 0;
    for (int i = from; i < from + n; i++) {
      largest = Math.max(largest, Math.abs(values[i]));
    }
    float scale = largest / LARGEST_BYTE;
    float inverse = scale == 0 ? 0 : 1 / scale;
    out.set(I16, at, half(key, DType.Q8_0, scale));
    for (int i = 0; i < n; i++) {
      float x = values[from + i] * inverse;
      int magnitude = (int) (Math.abs((double) x) + 0.5);
      out.set(ValueLayout.JAVA_BYTE, at + Short.BYTES + i, (byte) (x < 0 ? -magnitude : magnitude));
    }
  }

  private static GptException tooLarge(String key, DType dtype, float value) {
    return new GptException(
        "tensor " + key + ": " + value + " is beyond " + dtype + "; take another type");
  }
}
