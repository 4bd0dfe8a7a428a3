package gpt.backend.cpu.kernels;

import gpt.model.Precision;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A panel of 4-bit weights: blocks of 32 steps over k. A block begins with a scale for each of the
 * panel's columns, as f16 like other weights (times {@link ReducedPrecision#F16_SCALE}). Then
 * follow 32-bit words, for 8 steps over k one of each column: step 8i + j of column c has bits 4j
 * to 4j + 3 of word i · width + c. A weight is (its 4 bits − 8) · scale. The sum of a block's
 * products with integers of 8 bits is at most 32 · 8 · 127 = 32,512 and fits into 16 bits.
 */
public final class Q4Panel {
  /** Weights of a column with a common scale. */
  static final int BLOCK = 32;

  /** Steps over k in one word. */
  static final int STEPS = 8;

  private Q4Panel() {}

  /** Bytes of a block's scales. */
  static long scaleBytes(int width) {
    return (long) Short.BYTES * width;
  }

  /**
   * Rounds and stores whole blocks.
   *
   * @param tile (depth, width) weights; depth is a multiple of {@link #BLOCK}
   * @param choice chooses the scales
   */
  public static void store(
      float[] tile, int depth, int width, MemorySegment data, long at, Q4Scale choice) {
    for (int k0 = 0; k0 < depth; k0 += BLOCK) {
      long block = at + Precision.Q4.bytes((long) k0 * width);
      long words = block + scaleBytes(width);
      for (int c = 0; c < width; c++) {
        int first = k0 * width + c;
        short scale = choice.of(tile, first, width);
        data.set(ValueLayout.JAVA_SHORT, block + 2L * c, scale);
        float inverse = Q4Scale.inverse(ReducedPrecision.fromF16(scale));
        for (int i = 0; i < BLOCK; i += STEPS) {
          int bits = 0;
          for (int j = 0; j < STEPS; j++) {
            bits |= Q4Scale.quantize(tile[first + (i + j) * width], inverse) + 8 << 4 * j;
          }
          data.set(ValueLayout.JAVA_INT, words + 4L * (i / STEPS * width + c), bits);
        }
      }
    }
  }

  /** The k weights of column c of the panel at byte {@code panel}, as floats. */
  public static void row(
      MemorySegment data, long panel, int c, int width, int k, float[] out, int outAt) {
    for (int i = 0; i < k; i++) {
      long block = panel + Precision.Q4.bytes((long) (i / BLOCK) * BLOCK * width);
      float scale = ReducedPrecision.fromF16(data.get(ValueLayout.JAVA_SHORT, block + 2L * c));
      int word = i % BLOCK / STEPS * width + c;
      int bits = data.get(ValueLayout.JAVA_INT, block + scaleBytes(width) + 4L * word);
      out[outAt + i] = ((bits >> 4 * (i % STEPS) & 15) - 8) * scale;
    }
  }

  /** {@link CpuKernels#q4Matmul} of one row and the first {@code count} columns of one panel. */
  static void multiply(
      QuantizedRows x,
      int row,
      MemorySegment data,
      long panel,
      int width,
      int count,
      float[] out,
      int outAt) {
    for (int c = 0; c < count; c++) {
      float sum = 0;
      for (int b = 0; b < x.blocks(); b++) {
        long block = panel + Precision.Q4.bytes((long) b * BLOCK * width);
        long words = block + scaleBytes(width) + 4L * c;
        int products = x.offsets()[row * x.blocks() + b];
        int at = (row * x.k() + b * BLOCK) / 2;
        for (int i = 0; i < BLOCK / STEPS; i++) {
          int bits = data.get(ValueLayout.JAVA_INT, words + 4L * i * width);
          for (int j = 0; j < STEPS / 2; j++) {
            int pair = x.words()[at++];
            products += (bits >>> 4 * j) * pair + (bits >>> 16 + 4 * j) * (pair >>> 16);
          }
        }
        float scale = ReducedPrecision.fromF16(data.get(ValueLayout.JAVA_SHORT, block + 2L * c));
        sum = Math.fma((short) products, scale * x.scales()[row * x.blocks() + b], sum);
      }
      out[outAt + c] = sum;
    }
  }
}
