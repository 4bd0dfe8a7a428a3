package gpt.model;

/** Element type of a stored tensor, little-endian. */
public enum DType {
  /** IEEE 754 single precision. */
  F32(4),
  /** IEEE 754 half precision. */
  F16(2),
  /** bfloat16: the upper half of a float32. */
  BF16(2),
  /**
   * GGUF's quantized blocks of 32 elements: an f16 scale, then 32 signed bytes, each an element
   * divided by the scale.
   */
  Q8_0(32, 34, 8, 32, 128),
  /** ggml's blocks of 32 4-bit integers with a scale. */
  Q4_0(32, 18, 4, 32, 8),
  /** The same with a scale and a minimum. */
  Q4_1(32, 20, 4, 32, 0),
  /** Blocks of 32 5-bit integers with a scale. */
  Q5_0(32, 22, 5, 32, 16),
  /** The same with a scale and a minimum. */
  Q5_1(32, 24, 5, 32, 0),
  /** K-quants: blocks of 256 2-bit integers, with scales and minima of 4 bits. */
  Q2_K(256, 84, 2, 16, 0),
  /** 3-bit integers, scales of 6 bits. */
  Q3_K(256, 110, 3, 16, 4),
  /** 4-bit integers, scales and minima of 6 bits; most of a file that is called Q4_K_M. */
  Q4_K(256, 144, 4, 32, 0),
  /** 5-bit integers, scales and minima of 6 bits. */
  Q5_K(256, 176, 5, 32, 0),
  /** 6-bit integers, scales of 8 bits. */
  Q6_K(256, 210, 6, 16, 32);

  private final int block;
  private final int blockBytes;
  private final int bits;
  private final int group;
  private final int offset;

  DType(int bytes) {
    this(1, bytes, 8 * bytes, 1, 0);
  }

  DType(int block, int blockBytes, int bits, int group, int offset) {
    this.block = block;
    this.blockBytes = blockBytes;
    this.bits = bits;
    this.group = group;
    this.offset = offset;
  }

  /** Elements of a quantization block, 1 without blocks; a matrix row is a multiple of it. */
  public int block() {
    return block;
  }

  /** Whether elements are stored as integers in blocks. */
  public boolean quantized() {
    return block > 1;
  }

  /** Bits of an element, without its share of scales. */
  public int bits() {
    return bits;
  }

  /** Elements of a block that have one scale in common. */
  public int group() {
    return group;
  }

  /** What is subtracted from an element's unsigned integer; 0 in the types with minima. */
  public int offset() {
    return offset;
  }

  /** Whether a group has a minimum beside its scale. */
  public boolean hasMinimum() {
    return quantized() && offset == 0;
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
