package gpt.backend.cpu.kernels;

/**
 * Rows of activations rounded to 8 bits in chunks of 32, as {@link QuantizedRows} rounds them, for
 * products with {@link QuantizedPanel}: value = integer · scale of the chunk.
 *
 * <p>The integers are stored once more for words with codes of b bits. Such a word shifted right by
 * b · j bits is Vⱼ = qⱼ + 2ᵇ Vⱼ₊₁ with codes qⱼ, so Σ qⱼ xⱼ = Σ Vⱼ (xⱼ − 2ᵇ xⱼ₋₁) with x₋₁ = 0.
 * Modulo 2¹⁶ the low half of V suffices, and its high half is the low half of the V of 16 / b steps
 * later. So an int has the factors of both, and kernels need shifts, but no masks.
 */
public final class PlaneRows {
  /** Bits of a code's part that has words of its own. */
  private static final int[] PLANES = {1, 2, 4};

  private int k;
  private int group;
  private byte[] values = {}; // (rows, k)
  private float[] scales = {}; // (rows, k / CHUNK)
  private int[] totals = {}; // (rows, k / group): sums of integers
  private float[] sums = {}; // (rows, k / group): sums of values
  private final int[][] words = new int[5][0]; // by bits: (rows, k / 2)

  /** Makes room for rows of {@code k} values, to be multiplied with panels of this form. */
  public void reset(int rows, int k, QuantizedPanel form) {
    this.k = k;
    group = form.type().group();
    if (values.length < rows * k) {
      values = new byte[rows * k];
      scales = new float[rows * k / QuantizedPanel.CHUNK];
    }
    if (totals.length < rows * k / group) {
      totals = new int[rows * k / group];
      sums = new float[rows * k / group];
    }
    for (int bits : PLANES) {
      boolean used = bits == form.low() || bits == form.high();
      int size = used ? rows * k / 2 : 0;
      if (!used || words[bits].length < size) {
        words[bits] = used ? new int[size] : words[bits];
      }
    }
  }

  /** Values of a row. */
  int k() {
    return k;
  }

  /** The integer of value i of a row. */
  int value(int row, int i) {
    return values[row * k + i];
  }

  /** Scale of a chunk of a row. */
  float scale(int row, int chunk) {
    return scales[row * k / QuantizedPanel.CHUNK + chunk];
  }

  /** Sum of the integers of a group of a row. */
  int total(int row, int g) {
    return totals[row * k / group + g];
  }

  /** Sum of the rounded values of a group of a row. */
  float sum(int row, int g) {
    return sums[row * k / group + g];
  }

  /** Factors of two steps in an int, for words of {@code bits} a step; a row has k / 2. */
  int[] words(int bits) {
    return words[bits];
  }

  /** Rounds a row to the nearest integers; a chunk with NaN or infinity gets such a scale. */
  public void quantize(float[] x, int xAt, int row, QuantizedPanel form) {
    int at = row * k;
    for (int e = 0; e < k; e += QuantizedPanel.CHUNK) {
      float max = 0;
      for (int i = 0; i < QuantizedPanel.CHUNK; i++) {
        max = Math.max(max, Math.abs(x[xAt + e + i]));
      }
      float inverse = QuantizedRows.inverse(max);
      for (int i = 0; i < QuantizedPanel.CHUNK; i++) {
        float rounded = x[xAt + e + i] * inverse + ReducedPrecision.ROUNDER;
        values[at + e + i] = (byte) (Float.floatToRawIntBits(rounded) - QuantizedRows.ROUNDER_BITS);
      }
      float scale = max / ReducedPrecision.MAX_I8;
      scales[(at + e) / QuantizedPanel.CHUNK] = scale;
      for (int first = e; first < e + QuantizedPanel.CHUNK; first += group) {
        int total = 0;
        for (int i = 0; i < group; i++) {
          total += values[at + first + i];
        }
        totals[(at + first) / group] = total;
        sums[(at + first) / group] = total * scale;
      }
    }
    factors(at, form.low());
    if (form.high() > 0 && form.high() != form.low()) {
      factors(at, form.high());
    }
  }

  /** Computes a row's factors for words of {@code bits} a step. */
  private void factors(int at, int bits) {
    int[] out = words[bits];
    int half = 16 / bits;
    int to = at / 2;
    for (int first = at; first < at + k; first += 2 * half) {
      int before = 0;
      for (int j = 0; j < half; j++) {
        int low = values[first + j];
        int high = values[first + j + half];
        int beforeHigh = values[first + j + half - 1];
        out[to++] = low - (before << bits) & 0xFFFF | high - (beforeHigh << bits) << 16;
        before = low;
      }
    }
  }
}
