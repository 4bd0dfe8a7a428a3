package gpt.backend.cpu;

import gpt.GptException;
import gpt.model.Bf16;
import gpt.model.Precision;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Numbers of fewer bits than a float. */
final class Narrow {
  /** The largest 8-bit integer that is used; −128 is not. */
  static final int MOST_I8 = 127;

  /**
   * What weights are multiplied by before they become f16. It is exact, and lifts small ones out of
   * the subnormal numbers, which become subnormal floats: in GPT-2 some 4 vectors of 16 in a
   * hundred had one, and each held the multiply-add up by a hundred cycles and more.
   */
  static final float F16_SCALE = 0x1p6f;

  private static final int F16_EXPONENT = 0x7C00;

  /** Added to a float that is small beside it, it leaves the nearest integer in the lowest bits. */
  private static final float ROUNDER = 0x1.8p23f;

  private Narrow() {}

  /** The first {@code count} values, each as {@link Bf16#of}. */
  static void toBf16(float[] values, short[] out, int count) {
    for (int i = 0; i < count; i++) {
      out[i] = Bf16.of(values[i]);
    }
  }

  /**
   * The nearest f16, of {@link #F16_SCALE} times the value.
   *
   * @param name of the tensor that it is from
   * @throws GptException where it is beyond the range, or no number
   */
  static short toF16(float value, String name) {
    short bits = Float.floatToFloat16(value * F16_SCALE);
    if ((bits & F16_EXPONENT) == F16_EXPONENT) {
      throw new GptException(
          name
              + ": "
              + value
              + " is no weight that f16 is for, which ends at 1023; take --dtype bf16 or f32");
    }
    return bits;
  }

  /** The first {@code count} values, each as {@link #toF16(float, String)}. */
  static void toF16(float[] values, short[] out, int count, String name) {
    for (int i = 0; i < count; i++) {
      out[i] = Float.floatToFloat16(values[i] * F16_SCALE);
    }
    int all = 0;
    for (int i = 0; i < count; i++) {
      all |= (out[i] & F16_EXPONENT) + Integer.lowestOneBit(F16_EXPONENT);
    }
    if ((all & Short.MIN_VALUE) != 0) { // some exponent is all ones
      for (int i = 0; i < count; i++) {
        toF16(values[i], name);
      }
    }
  }

  /** The nearest integers to values from −127 to 127; what is no number is 0. */
  static void toI8(float[] values, byte[] out, int count) {
    for (int i = 0; i < count; i++) {
      out[i] = (byte) Float.floatToRawIntBits(values[i] + ROUNDER);
    }
  }

  /** The value that {@link #toF16(float, String)} made f16. */
  static float fromF16(short bits) {
    return Float.float16ToFloat(bits) * (1 / F16_SCALE);
  }

  /** Widens values to floats; the factors of 8-bit integers are left out. */
  static void widen(Precision precision, MemorySegment w, long wAt, int count, MemorySegment out) {
    for (int i = 0; i < count; i++) {
      float value =
          switch (precision) {
            case F32 -> w.get(ValueLayout.JAVA_FLOAT, wAt + 4L * i);
            case BF16 -> Bf16.toFloat(w.get(ValueLayout.JAVA_SHORT, wAt + 2L * i));
            case F16 -> fromF16(w.get(ValueLayout.JAVA_SHORT, wAt + 2L * i));
            case I8 -> w.get(ValueLayout.JAVA_BYTE, wAt + i);
          };
      out.set(ValueLayout.JAVA_FLOAT, 4L * i, value);
    }
  }
}
