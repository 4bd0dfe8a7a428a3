package gpt.cpu;

import gpt.model.GptException;
import gpt.model.Precision;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Numbers of fewer bits than a float. */
final class Narrow {
  /** The largest 8-bit integer that is used; −128 is not. */
  static final int MOST_I8 = 127;

  private static final int F16_EXPONENT = 0x7C00;

  private Narrow() {}

  /** The nearest bf16, of two equally near ones the even one; NaN stays NaN. */
  static short toBf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) (bits >> 16 | 0x40);
    }
    return (short) (bits + 0x7FFF + (bits >> 16 & 1) >> 16);
  }

  /** A bf16 is the upper half of the float that it stands for. */
  static float ofBf16(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /**
   * The nearest f16.
   *
   * @param name of the tensor that it is from
   * @throws GptException where it is beyond f16's range, or no number
   */
  static short toF16(float value, String name) {
    short bits = Float.floatToFloat16(value);
    if ((bits & F16_EXPONENT) == F16_EXPONENT) {
      throw new GptException(
          name + ": " + value + " is no weight that f16 can hold; take --dtype bf16 or f32");
    }
    return bits;
  }

  /** The nearest integer from −127 to 127; a value that is no number is 0. */
  static byte toI8(float value) {
    return (byte) Math.clamp(Math.rint(value), -MOST_I8, MOST_I8);
  }

  /** Widens values to floats; the factors of 8-bit integers are left out. */
  static void widen(Precision precision, MemorySegment w, long wAt, int count, MemorySegment out) {
    for (int i = 0; i < count; i++) {
      float value =
          switch (precision) {
            case F32 -> w.get(ValueLayout.JAVA_FLOAT, wAt + 4L * i);
            case BF16 -> ofBf16(w.get(ValueLayout.JAVA_SHORT, wAt + 2L * i));
            case F16 -> Float.float16ToFloat(w.get(ValueLayout.JAVA_SHORT, wAt + 2L * i));
            case I8 -> w.get(ValueLayout.JAVA_BYTE, wAt + i);
          };
      out.set(ValueLayout.JAVA_FLOAT, 4L * i, value);
    }
  }
}
