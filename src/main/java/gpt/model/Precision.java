package gpt.model;

/** How an engine keeps the weights' matrices; everything else is single precision. */
public enum Precision {
  /** IEEE 754 single precision. */
  F32("f32", 4),
  /** IEEE 754 half precision; sums in single precision. */
  F16("f16", 2),
  /** Eight-bit integers with a factor for each row; sums in single precision. */
  I8("i8", 1),
  /** The upper half of a single-precision number; on the CPU only. */
  BF16("bf16", 2);

  private final String word;
  private final int bytes;

  Precision(String word, int bytes) {
    this.word = word;
    this.bytes = bytes;
  }

  /**
   * The precision that a word names.
   *
   * @throws IllegalArgumentException where it names none
   */
  public static Precision parse(String word) {
    for (Precision each : values()) {
      if (each.word.equals(word)) {
        return each;
      }
    }
    throw new IllegalArgumentException("expected f32, bf16, f16 or i8, found '" + word + "'");
  }

  /** As it stands on the command line and in output. */
  public String word() {
    return word;
  }

  /** Bytes per element. */
  public int bytes() {
    return bytes;
  }
}
