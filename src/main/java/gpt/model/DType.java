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
  Q8_0(32, 34),
  /** ggml's blocks of 32 4-bit integers with a scale. */
  Q4_0(32, 18),
  /** The same with a scale and a minimum. */
  Q4_1(32, 20),
  /** Blocks of 32 5-bit integers with a scale. */
  Q5_0(32, 22),
  /** The same with a scale and a minimum. */
  Q5_1(32, 24),
  /** K-quants: blocks of 256 2-bit integers, with scales and minima of 4 bits. */
  Q2_K(256, 84),
  /** 3-bit integers, scales of 6 bits. */
  Q3_K(256, 110),
  /** 4-bit integers, scales and minima of 6 bits; most of a file that is called Q4_K_M. */
  Q4_K(256, 144),
  /** 5-bit integers, scales and minima of 6 bits. */
  Q5_K(256, 176),
  /** 6-bit integers, scales of 8 bits. */
  Q6_K(256, 210);

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
