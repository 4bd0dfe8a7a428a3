package gpt.backend.cpu.kernels;

import java.util.Arrays;

/**
 * Rows of activations rounded to 8 bits in chunks of 32, for products with {@link QuantizedPanel}:
 * value = integer · scale of the chunk, with integers from −127 to 127.
 *
 * <p>A few rows have {@link CodeLayout}'s multipliers too, for kernels that multiply integers.
 */
public final class QuantizedRows {
  /** Values with a common scale. */
  static final int CHUNK = CodeLayout.CHUNK;

  /** Rows up to which kernels multiply integers; of more, floats. */
  static final int FEW = 12;

  /** Below this magnitude the inverse of a scale could overflow; such values become 0. */
  static final float MIN_MAGNITUDE = 1e-30f;

  /** Bits of {@link ReducedPrecision#ROUNDER}, subtracted to get the integer. */
  static final int ROUNDER_BITS = Float.floatToRawIntBits(ReducedPrecision.ROUNDER);

  /** Added to the 16-bit sums of lower halves, so that they are positive. */
  static final int LOW_BIAS = 1 << 15;

  /** A thread's buffer for the integers of a chunk. */
  private static final ThreadLocal<int[]> VALUES = ThreadLocal.withInitial(() -> new int[CHUNK]);

  private QuantizedPanel form;
  private int rows;
  private int k;
  private int group;
  private float[] integers = {}; // (rows, k)
  private float[] scales = {}; // (rows, k / group): a chunk of two groups has its scale twice
  private float[] sums = {}; // (rows, k / group): sums of values
  private float[] zeros = {}; // (rows, k / group)
  private int[] multipliers = {}; // of a few rows
  private int[] starts = {}; // of a few rows (rows, k / run)

  /** Makes room for rows of {@code k} values, to be multiplied with panels of this form. */
  public void reset(int rows, int k, QuantizedPanel form) {
    this.form = form;
    this.rows = rows;
    this.k = k;
    group = form.type().group();
    if (integers.length < rows * k) {
      integers = new float[rows * k];
    }
    int groups = rows * k / group;
    if (scales.length < groups) {
      scales = new float[groups];
      sums = new float[groups];
      zeros = new float[groups];
    }
    if (few()) {
      int count = rows * k / CHUNK * form.layout().multipliers();
      multipliers = multipliers.length < count ? new int[count] : multipliers;
      int runs = rows * k / form.run() + 1; // kernels read one more
      starts = starts.length < runs ? new int[runs] : starts;
    }
  }

  /** Values of a row. */
  int k() {
    return k;
  }

  /** Groups of a row. */
  int groups() {
    return k / group;
  }

  /** Whether there are few rows: they have {@link #multipliers} and {@link #starts}. */
  boolean few() {
    return rows <= FEW;
  }

  /** The integers as floats; a row begins at row · k. */
  float[] integers() {
    return integers;
  }

  /** Each group's scale; a row's begin at row · k / group. */
  float[] scales() {
    return scales;
  }

  /** Each group's sum of rounded values. */
  float[] sums() {
    return sums;
  }

  /**
   * What is subtracted from each group's sum of products in 16-bit lanes: {@link #LOW_BIAS}, less
   * what the sum lacks in types with a minimum, whose codes are centered for it.
   */
  float[] zeros() {
    return zeros;
  }

  /** Of a few rows: {@link CodeLayout#multipliers(int[], int[], int)} of all chunks. */
  int[] multipliers() {
    return multipliers;
  }

  /**
   * Of a few rows: where the sums of products of each {@link QuantizedPanel#run} start, in 16 bits
   * for the codes in the lower halves of words and for those in the upper halves, so that the
   * codes' center is 0.
   */
  int[] starts() {
    return starts;
  }

  /** Rounds a row to the nearest integers; a chunk with NaN or infinity gets such a scale. */
  void quantize(float[] x, int xAt, int row) {
    int[] values = VALUES.get();
    for (int from = 0; from < k; from += CHUNK) {
      float max = 0;
      for (int i = 0; i < CHUNK; i++) {
        max = Math.max(max, Math.abs(x[xAt + from + i]));
      }
      float inverse = inverse(max);
      for (int i = 0; i < CHUNK; i++) {
        float rounded = x[xAt + from + i] * inverse + ReducedPrecision.ROUNDER;
        values[i] = Float.floatToRawIntBits(rounded) - ROUNDER_BITS;
      }
      set(row, from, max, values);
    }
  }

  /** What values of this largest magnitude are multiplied by to give integers. */
  static float inverse(float max) {
    return max > MIN_MAGNITUDE ? ReducedPrecision.MAX_I8 / max : 0;
  }

  /** Stores the integers of the chunk that begins at step {@code from}. */
  void set(int row, int from, float max, int[] values) {
    if (!(max <= Float.MAX_VALUE)) {
      Arrays.fill(values, 0);
    }
    int at = row * k + from;
    for (int i = 0; i < CHUNK; i++) {
      integers[at + i] = values[i];
    }
    float scale = max / ReducedPrecision.MAX_I8;
    for (int first = 0; first < CHUNK; first += group) {
      int total = sum(values, first, group);
      int g = (at + first) / group;
      scales[g] = scale;
      zeros[g] = LOW_BIAS - (form.center() - form.type().offset()) * total;
      sums[g] = total * scale;
    }
    if (few()) {
      CodeLayout layout = form.layout();
      layout.multipliers(values, multipliers, at / CHUNK * layout.multipliers());
      start(at, values, layout);
    }
  }

  private static int sum(int[] values, int from, int count) {
    int sum = 0;
    for (int i = from; i < from + count; i++) {
      sum += values[i];
    }
    return sum;
  }

  private void start(int at, int[] values, CodeLayout layout) {
    int run = form.run();
    int center = form.center();
    int[] masks = layout.highMasks();
    for (int first = 0; first < CHUNK; first += run) {
      int high = 0;
      for (int i = first; i < first + run; i++) {
        high += values[i] & masks[i];
      }
      int low = sum(values, first, run) - high;
      starts[(at + first) / run] = LOW_BIAS - center * low & 0xFFFF | -center * high << 16;
    }
  }
}
