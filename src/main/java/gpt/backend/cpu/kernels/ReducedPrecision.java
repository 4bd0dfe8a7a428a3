package gpt.backend.cpu.kernels;

import gpt.GptException;
import gpt.model.Bf16;
import gpt.model.Precision;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Conversions between float and the reduced precisions of weights: bf16, f16 and i8. */
public final class ReducedPrecision {
  /** Largest quantized magnitude; −128 is not used. */
  public static final int MAX_I8 = 127;

  /**
   * Weights are multiplied by this before conversion to f16. The product is exact and lifts small
   * weights out of f16's subnormal range, which the kernels' widening maps to subnormal floats: in
   * GPT-2 about 4% of the vectors of 16 had one, and each stalled the FMA for 100 cycles or more.
   */
  static final float F16_SCALE = 0x1p6f;

  private static final int F16_EXPONENT = 0x7C00;

  /** Added to a float of small magnitude, it leaves the nearest integer in the lowest bits. */
  static final float ROUNDER = 0x1.8p23f;

  private ReducedPrecision() {}

  /** Converts the first {@code count} values by {@link Bf16#of}. */
  public static void toBf16(float[] values, short[] out, int count) {
    for (int i = 0; i < count; i++) {
      out[i] = Bf16.of(values[i]);
    }
  }

  /**
   * The f16 nearest to {@link #F16_SCALE} times the value.
   *
   * @param name the tensor's name, for the message
   * @throws GptException where the value is out of range or NaN
   */
  public static short toF16(float value, String name) {
    short bits = Float.floatToFloat16(value * F16_SCALE);
    if ((bits & F16_EXPONENT) == F16_EXPONENT) {
      throw new GptException(
          name
              + ": expected weights within ±1023 for f16, found "
              + value
              + "; use --dtype bf16 or f32");
    }
    return bits;
  }

  /** Converts the first {@code count} values as {@link #toF16(float, String)} does. */
  public static void toF16(float[] values, short[] out, int count, String name) {
    for (int i = 0; i < count; i++) {
      out[i] = Float.floatToFloat16(values[i] * F16_SCALE);
    }
    int all = 0;
    for (int i = 0; i < count; i++) {
      all |= (out[i] & F16_EXPONENT) + Integer.lowestOneBit(F16_EXPONENT);
    }
    if ((all & Short.MIN_VALUE) != 0) { // an exponent of all ones: infinite or NaN
      for (int i = 0; i < count; i++) {
        toF16(values[i], name);
      }
    }
  }

  /** Rounds scaled values from −127 to 127 to the nearest integer; NaN becomes 0. */
  public static void toI8(float[] values, byte[] out, int count) {
    for (int i = 0; i < count; i++) {
      out[i] = (byte) Float.floatToRawIntBits(values[i] + ROUNDER);
    }
  }

  /** Inverse of {@link #toF16(float, String)}. */
  public static float fromF16(short bits) {
    return Float.float16ToFloat(bits) * (1 / F16_SCALE);
  }

  /**
   * Stores 16-bit values of a panel as the kernels read them, in pairs of one int: column c of the
   * panel's first half in the low 16 bits, column c of its second half in the high ones.
   *
   * @param values steps over k of {@code width} values each
   */
  public static void toPairs(short[] values, int width, int count, int[] pairs) {
    int half = width / 2;
    for (int row = 0; row < count; row += width) {
      for (int c = 0; c < half; c++) {
        pairs[row / 2 + c] = values[row + c] & 0xFFFF | values[row + half + c] << 16;
      }
    }
  }

  /** The value of one half of a pair; the bits above its lowest 16 are ignored. */
  private static float ofHalf(Precision precision, int bits) {
    return precision == Precision.BF16 ? Bf16.toFloat((short) bits) : fromF16((short) bits);
  }

  /**
   * A value of a panel, widened to float, without the scales of i8.
   *
   * @param panel where the panel begins
   * @param i the step over k
   */
  public static float value(
      Precision precision, MemorySegment w, long panel, int i, int column, int width) {
    long at = panel + precision.bytes((long) i * width);
    return switch (precision) {
      case F32 -> w.get(ValueLayout.JAVA_FLOAT, at + 4L * column);
      case BF16, F16 -> {
        int half = width / 2;
        int pair = w.get(ValueLayout.JAVA_INT, at + 4L * (column % half));
        yield ofHalf(precision, column < half ? pair : pair >> 16);
      }
      case I8 -> w.get(ValueLayout.JAVA_BYTE, at + column);
      case Q4, STORED -> throw new IllegalArgumentException(precision.word() + " is not widened");
    };
  }
}
