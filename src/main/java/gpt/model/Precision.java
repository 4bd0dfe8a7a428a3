package gpt.model;

/** Precision of an engine's weight matrices; everything else is float32. */
public enum Precision {
  /** IEEE 754 single precision (float32). */
  F32("f32", 1, 4),
  /** IEEE 754 half precision; sums in float32. */
  F16("f16", 1, 2),
  /** Signed 8-bit integers with a float32 scale per row; sums in float32. */
  I8("i8", 1, 1),
  /** bfloat16, the upper half of a float32; sums in float32. On the CPU only. */
  BF16("bf16", 1, 2),
  /**
   * Signed 4-bit integers with a float16 scale per block of 32 weights of a row, as ggml's Q4_0;
   * activations are rounded to 8 bits in blocks of 32, and sums are float32. On the CPU only.
   */
  Q4("q4", 32, 18),
  /**
   * Each matrix in its checkpoint's type: f32, f16, bf16, or the blocks of a quantized GGUF file.
   * For the latter activations are rounded to 8 bits in blocks of 32, and sums are float32. On the
   * CPU only.
   */
  STORED("stored", 1, 4);

  private final String word;
  private final int block;
  private final int blockBytes;

  Precision(String word, int block, int blockBytes) {
    this.word = word;
    this.block = block;
    this.blockBytes = blockBytes;
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
    throw new IllegalArgumentException(
        "expected f32, bf16, f16, i8, q4 or stored, found '" + word + "'");
  }

  /** Its name on the command line and in output. */
  public String word() {
    return word;
  }

  /** Weights of a row that share a scale in q4; 1 in the other precisions. */
  public int block() {
    return block;
  }

  /**
   * Bytes of {@code elements} elements, a multiple of {@link #block}, without the scales of i8; for
   * {@link #STORED} as if that were f32, since it depends on the matrix.
   */
  public long bytes(long elements) {
    return elements / block * blockBytes;
  }

  /**
   * The precision of a matrix with rows of {@code k} weights: i8 where they are no whole blocks.
   */
  public Precision forRowsOf(int k) {
    return k % block == 0 ? this : I8;
  }

  /** The precision of a matrix; {@link #STORED} if it is kept in quantized blocks. */
  public Precision of(Tensor matrix) {
    if (this != STORED) {
      return forRowsOf(matrix.columns());
    }
    return switch (matrix.dtype()) {
      case F32 -> F32;
      case F16 -> F16;
      case BF16 -> BF16;
      default -> STORED;
    };
  }
}
