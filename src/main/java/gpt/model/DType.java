package gpt.model;

/** Element type of a stored tensor, little-endian. */
public enum DType {
  /** IEEE 754 single precision. */
  F32(1, 4),
  /** IEEE 754 half precision. */
  F16(1, 2),
  /** The upper half of a single-precision number. */
  BF16(1, 2),
  /**
   * GGUF's blocks of 32 elements: a half-precision scale, then 32 signed bytes, each an element
   * divided by the scale.
   */
  Q8_0(32, 34);

  private final int block;
  private final int blockBytes;

  DType(int block, int blockBytes) {
    this.block = block;
    this.blockBytes = blockBytes;
  }

  /** Elements that are stored together: 1, or a row of a matrix is a multiple of them. */
  public int block() {
    return block;
  }

  /**
   * Bytes of {@code elements} elements, which are whole blocks.
   *
   * @throws ArithmeticException where a long cannot hold them
   */
  public long bytes(long elements) {
    return Math.multiplyExact(elements / block, (long) blockBytes);
  }
}
