package gpt.model;

/** Precision of an engine's weight matrices; everything else is float32. */
public enum Precision {
  /** IEEE 754 single precision (float32). */
  F32("f32", 4),
  /** IEEE 754 half precision; sums in float32. */
  F16("f16", 2),
  /** Signed 8-bit integers with a float32 scale per row; sums in float32. */
  I8("i8", 1),
  /** bfloat16, the upper half of a float32; sums in float32. On the CPU only. */
  BF16("bf16", 2);

  private final String word;
  private final int bytes;

  Precision(String word, int bytes) {
    this.word = word;
    this.bytes = bytes;
  }

  /**
   * The precision with a name, such as {@code f32}.
   *
   * @throws IllegalArgumentException where none has it
   */
  public static Precision parse(String word) {
    for (Precision each : values()) {
      if (each.word.equals(word)) {
        return each;
      }
    }
    throw new IllegalArgumentException("expected f32, bf16, f16 or i8, found '" + word + "'");
  }

  /** Its name on the command line and in output. */
  public String word() {
    return word;
  }

  /** Bytes per element. */
  public int bytes() {
    return bytes;
  }
}
