package gpt.checkpoint.format;

import gpt.GptException;
import gpt.checkpoint.files.LittleEndian;
import gpt.model.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Quantizes floats to ggml's blocks of 32 elements. Their values have the bits of gguf-py's {@code
 * quantize}, and so have their bytes, but for the sign of a minimum that is zero:
 *
 * <ul>
 *   <li>Q8_0: scale = largest magnitude / 127, code = element / scale, halves away from zero;
 *   <li>Q4_0, Q5_0: scale = element of the largest magnitude / −offset, code = element / scale +
 *       offset, where the offset is 8 or 16; that element becomes code 0;
 *   <li>Q4_1, Q5_1: scale = (max − min) / largest code, code = (element − min) / scale.
 * </ul>
 *
 * <p>A code is computed with the scale before it is rounded to float16, and rounded to nearest. The
 * K-quants have no such reference: gguf-py does not quantize to them.
 *
 * @see gpt.model.QuantizedBlock
 */
final class BlockEncoder {
  private final String key;
  private final DType type;
  private final int maxCode;
  private final int[] codes;

  /**
   * Creates an encoder.
   *
   * @param key the tensor's name, for error messages
   * @param type Q4_0, Q4_1, Q5_0, Q5_1 or Q8_0
   */
  BlockEncoder(String key, DType type) {
    this.key = key;
    this.type = type;
    maxCode = (1 << type.bits()) - 1;
    codes = new int[type.block()];
  }

  /**
   * Quantizes one block.
   *
   * @param values its elements begin at {@code from}
   * @param out receives the block from byte {@code at} on
   * @throws GptException if an element is not finite, or the scale is too large for float16
   */
  void encode(float[] values, int from, MemorySegment out, long at) {
    float min = values[from];
    float max = min;
    float extreme = min;
    for (int i = from; i < from + codes.length; i++) {
      float x = values[i];
      if (!Float.isFinite(x)) {
        throw new GptException(
            "tensor %s: expected finite values for %s, found %s; choose f32, f16 or bf16"
                .formatted(key, type, x));
      }
      min = Math.min(min, x);
      max = Math.max(max, x);
      extreme = Math.abs(x) > Math.abs(extreme) ? x : extreme;
    }
    if (type == DType.Q8_0) {
      bytes(values, from, Math.abs(extreme) / 127, out, at);
    } else if (type.hasMinimum()) {
      codes(values, from, min, (max - min) / maxCode);
      out.set(LittleEndian.I16, at, float16((max - min) / maxCode, extreme));
      out.set(LittleEndian.I16, at + 2, float16(min, extreme));
      put(out, at + 4);
    } else {
      codes(values, from, 0, extreme / -type.offset());
      out.set(LittleEndian.I16, at, float16(extreme / -type.offset(), extreme));
      put(out, at + 2);
    }
  }

  private void bytes(float[] values, int from, float scale, MemorySegment out, long at) {
    float inverse = inverse(scale);
    out.set(LittleEndian.I16, at, float16(scale, scale));
    for (int e = 0; e < codes.length; e++) {
      float x = values[from + e] * inverse;
      int magnitude = Float.isFinite(x) ? (int) (Math.abs((double) x) + 0.5) : 0;
      out.set(ValueLayout.JAVA_BYTE, at + 2 + e, (byte) (x < 0 ? -magnitude : magnitude));
    }
  }

  private void codes(float[] values, int from, float min, float scale) {
    float inverse = inverse(scale);
    float half = type.offset() + 0.5f;
    for (int e = 0; e < codes.length; e++) {
      float x = (values[from + e] - min) * inverse + half;
      codes[e] = Float.isFinite(x) ? Math.min(maxCode, (int) x) : 0;
    }
  }

  /** Infinite for a scale below 2⁻¹²⁸, which float16 rounds to 0; gguf-py's codes are then 0. */
  private static float inverse(float scale) {
    return scale == 0 ? 0 : 1 / scale;
  }

  /** The fifth bits of all codes, then bytes with code e in the low half, e + 16 in the high. */
  private void put(MemorySegment out, long at) {
    long low = at;
    if (type.bits() == 5) {
      int high = 0;
      for (int e = 0; e < codes.length; e++) {
        high |= (codes[e] >> 4) << e;
      }
      out.set(LittleEndian.I32, at, high);
      low += Integer.BYTES;
    }
    for (int e = 0; e < 16; e++) {
      out.set(ValueLayout.JAVA_BYTE, low + e, (byte) (codes[e] & 15 | codes[e + 16] << 4));
    }
  }

  private short float16(float value, float extreme) {
    short bits = Float.floatToFloat16(value);
    if ((bits & 0x7FFF) == 0x7C00) {
      throw ElementEncoder.outOfRange(key, type, extreme);
    }
    return bits;
  }
}
