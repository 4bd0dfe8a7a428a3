package gpt.backend.cpu.kernels;

/**
 * Rows of activations rounded to 8 bits in blocks of 32, for products with q4 weights: value =
 * integer · scale of the block, with integers from −127 to 127.
 *
 * <p>The integers x₀ to x₇ of 8 steps over k are stored for words of {@link Q4Panel}, whose bits
 * contain the weights q₀ to q₇. Such a word shifted right by 4j bits is Vⱼ = qⱼ + 16 Vⱼ₊₁, so Σ qⱼ
 * xⱼ = Σ Vⱼ (xⱼ − 16 xⱼ₋₁) with x₋₁ = 0. Modulo 2¹⁶ the low half of V suffices, and the high half
 * of Vⱼ is the low half of Vⱼ₊₄. So int j of four has xⱼ − 16 xⱼ₋₁ in its low half and xⱼ₊₄ − 16
 * xⱼ₊₃ in its high half, and kernels need shifts, but no masks.
 */
public final class QuantizedRows {
  /** Values with a common scale: as many as q4 weights. */
  static final int BLOCK = Q4Panel.BLOCK;

  /** Below this magnitude the inverse of a scale could overflow; such values become 0. */
  static final float MIN_MAGNITUDE = 1e-30f;

  /** Bits of {@link ReducedPrecision#ROUNDER}, subtracted to get the integer. */
  static final int ROUNDER_BITS = Float.floatToRawIntBits(ReducedPrecision.ROUNDER);

  /** A thread's buffer for the integers of a block. */
  private static final ThreadLocal<int[]> VALUES = ThreadLocal.withInitial(() -> new int[BLOCK]);

  private int k;
  private int[] words = {}; // (rows, k / 2)
  private float[] integers = {}; // (rows, k)
  private float[] scales = {}; // (rows, k / BLOCK)
  private int[] offsets = {}; // (rows, k / BLOCK)

  /** Makes room for rows of {@code k} values, a multiple of {@link #BLOCK}. */
  public void reset(int rows, int k) {
    this.k = k;
    if (words.length < rows * k / 2) {
      words = new int[rows * k / 2];
      integers = new float[rows * k];
      scales = new float[rows * k / BLOCK];
      offsets = new int[rows * k / BLOCK + 1]; // kernels read one more
    }
  }

  /** Values of a row. */
  int k() {
    return k;
  }

  /** Blocks of a row. */
  int blocks() {
    return k / BLOCK;
  }

  /** The integers of two steps over k in an int; a row begins at row · k / 2. */
  int[] words() {
    return words;
  }

  /** The integers as floats; a row begins at row · k. */
  float[] integers() {
    return integers;
  }

  /** Scales; a row's begin at row · {@link #blocks}. */
  float[] scales() {
    return scales;
  }

  /**
   * −8 times the sum of each block's integers, in 16 bits. Stored weights are 0 to 15 and stand for
   * −8 to 7, so this is where the sum of products starts.
   */
  int[] offsets() {
    return offsets;
  }

  /** Rounds a row to the nearest integers; a block with NaN or infinity gets such a scale. */
  void quantize(float[] x, int xAt, int row) {
    int[] values = VALUES.get();
    for (int b = 0; b < blocks(); b++) {
      int from = xAt + b * BLOCK;
      float max = 0;
      for (int i = 0; i < BLOCK; i++) {
        max = Math.max(max, Math.abs(x[from + i]));
      }
      float inverse = inverse(max);
      for (int i = 0; i < BLOCK; i++) {
        float rounded = x[from + i] * inverse + ReducedPrecision.ROUNDER;
        values[i] = Float.floatToRawIntBits(rounded) - ROUNDER_BITS;
      }
      set(row, b, max, values);
    }
  }

  /** What values of this largest magnitude are multiplied by to give integers. */
  static float inverse(float max) {
    return max > MIN_MAGNITUDE ? ReducedPrecision.MAX_I8 / max : 0;
  }

  /** Stores the integers of a block. */
  void set(int row, int block, float max, int[] values) {
    int at = row * k + block * BLOCK;
    for (int i = 0; i < BLOCK; i++) {
      integers[at + i] = (short) values[i];
    }
    int to = at / 2;
    int sum = 0;
    for (int i = 0; i < BLOCK; i += Q4Panel.STEPS) {
      int before = 0;
      int middle = values[i + 3];
      for (int j = 0; j < Q4Panel.STEPS / 2; j++) {
        int low = values[i + j];
        int high = values[i + j + 4];
        words[to++] = low - 16 * before & 0xFFFF | high - 16 * middle << 16;
        before = low;
        middle = high;
        sum += low + high;
      }
    }
    scales[row * blocks() + block] = max / ReducedPrecision.MAX_I8;
    offsets[row * blocks() + block] = -8 * sum & 0xFFFF;
  }
}
