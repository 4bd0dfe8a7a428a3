package gpt.model;

/** Precision of an engine's keys and values, the KV cache. */
public enum KvPrecision {
  /** IEEE 754 single precision. */
  F32("f32", 4),
  /** IEEE 754 half precision: half the memory, and other logits. On TornadoVM devices. */
  F16("f16", 2);

  private final String word;
  private final int bytes;

  KvPrecision(String word, int bytes) {
    this.word = word;
    this.bytes = bytes;
  }

  /**
   * The precision with a name, such as {@code f16}.
   *
   * @throws IllegalArgumentException where none has it
   */
  public static KvPrecision parse(String word) {
    for (KvPrecision each : values()) {
      if (each.word.equals(word)) {
        return each;
      }
    }
    throw new IllegalArgumentException("kvDtype: expected f32 or f16, found '" + word + "'");
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
