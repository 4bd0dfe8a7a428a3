package gpt.model;

/** Element type of a stored tensor, little-endian. */
public enum DType {
  /** IEEE 754 single precision. */
  F32(1, 4),
  /** IEEE 754 half precision. */
  F16(1, 2),
  /** bfloat16: the upper half of a float32. */
  BF16(1, 2),
  /**
   * GGUF's quantized blocks of 32 elements: an f16 scale, then 32 signed bytes, each an element
   * divided by the scale.
   */
  Q8_0(32, 34);

  private final int block;
  private final int blockBytes;

  DType(int block, int blockBytes) {
    this.block = block;
    this.blockBytes = blockBytes;
  }

  /** Elements of a quantization block, 1 without blocks; a matrix row is a multiple of it. */
  public int block() {
    return block;
  }

  /**
   * Bytes of {@code elements} elements, a multiple of {@link #block}.
   *
   * @throws ArithmeticException on overflow of a long
   */
  public long bytes(long elements) {
    return Math.multiplyExact(elements / block, (long) blockBytes);
  }
}
