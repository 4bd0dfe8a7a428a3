package gpt.checkpoint.format;

import gpt.GptException;
import gpt.checkpoint.files.LittleEndian;
import gpt.model.Bf16;
import gpt.model.DType;
import java.lang.foreign.MemorySegment;

/**
 * Converts floats to the bytes of a stored type. float16 and bfloat16 round to nearest, ties to
 * even; {@link BlockEncoder} quantizes.
 */
final class ElementEncoder {
  private ElementEncoder() {}

  /**
   * Encodes all values.
   *
   * @param key the tensor's name, for error messages
   * @param values their number is a multiple of the type's block
   * @param out receives {@code dtype.bytes(values.length)} bytes
   * @throws GptException if a finite value is infinite in that type, or an infinite or NaN value
   *     cannot be quantized
   */
  static void encode(String key, DType dtype, float[] values, MemorySegment out) {
    switch (dtype) {
      case F32 -> MemorySegment.copy(values, 0, out, LittleEndian.F32, 0, values.length);
      case F16 -> {
        for (int i = 0; i < values.length; i++) {
          out.set(LittleEndian.I16, 2L * i, float16(key, values[i]));
        }
      }
      case BF16 -> {
        for (int i = 0; i < values.length; i++) {
          out.set(LittleEndian.I16, 2L * i, bfloat16(key, values[i]));
        }
      }
      case Q8_0, Q5_1, Q5_0, Q4_1, Q4_0 -> {
        BlockEncoder encoder = new BlockEncoder(key, dtype);
        int block = dtype.block();
        for (int i = 0; i < values.length; i += block) {
          encoder.encode(values, i, out, dtype.bytes(i));
        }
      }
      default -> throw new IllegalArgumentException("cannot write " + dtype);
    }
  }

  private static short float16(String key, float value) {
    short bits = Float.floatToFloat16(value);
    if ((bits & 0x7FFF) == 0x7C00 && !Float.isInfinite(value)) {
      throw outOfRange(key, DType.F16, value);
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

  static GptException outOfRange(String key, DType dtype, float value) {
    return new GptException(
        "tensor %s: expected values in the range of %s, found %s; choose another dtype"
            .formatted(key, dtype, value));
  }
}
