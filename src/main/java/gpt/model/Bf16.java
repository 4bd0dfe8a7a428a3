package gpt.model;

/** bfloat16: the upper 16 bits of a float32, rounded. */
public final class Bf16 {
  private static final int F32_EXPONENT = 0x7F800000;

  private Bf16() {}

  /**
   * The nearest bf16, ties to even. NaN stays NaN; values beyond the largest bf16 become infinite.
   */
  public static short of(float value) {
    int bits = Float.floatToRawIntBits(value);
    int rounded = bits + 0x7FFF + (bits >> 16 & 1) >> 16;
    int nan = F32_EXPONENT - (bits & Integer.MAX_VALUE) >> 31; // all ones or zeros: no branch
    return (short) (rounded & ~nan | (bits >> 16 | 0x40) & nan);
  }

  /** The value of a bf16. */
  public static float toFloat(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }
}
