package gpt.backend.cpu.kernels;

import gpt.model.Precision;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The products of {@link ScalarKernels}, over panels of any precision. A part of a panel is
 * unpacked to floats ({@link ScalarUnpacking}), which all rows use while it is in the cache.
 */
final class ScalarMatmul {
  /** Columns of the micro-kernel, one sum in a register each. */
  private static final int COLUMNS = 8;

  /** Steps over k that are unpacked together: a block of every type, and at most 32 KiB. */
  private static final int SPAN = 256;

  private final ThreadLocal<Buffers> buffers;
  private final int width;

  private static final class Buffers {
    private final ScalarUnpacking panel;
    private final float[] sums = new float[COLUMNS];

    Buffers(int width) {
      panel = new ScalarUnpacking(width, SPAN);
    }
  }

  /**
   * A product over panels of a width.
   *
   * @param width columns of a panel, a multiple of 8
   */
  ScalarMatmul(int width) {
    this.width = width;
    buffers = ThreadLocal.withInitial(() -> new Buffers(width));
  }

  /** See {@link CpuKernels#matmul} and {@link CpuKernels#mixedPrecisionMatmul}. */
  void matmul(
      Precision precision,
      float[] x,
      int xAt,
      int xStride,
      int rows,
      MemorySegment w,
      long wAt,
      long panelBytes,
      int k,
      int columns,
      float[] out,
      int outAt,
      int outStride) {
    Buffers mine = buffers.get();
    float[] sums = mine.sums;
    for (int n = 0; n < columns; n += width) {
      int end = Math.min(width, columns - n);
      for (int i = 0; i < k; i += SPAN) {
        int steps = Math.min(SPAN, k - i);
        long at = wAt + n / width * panelBytes + precision.bytes((long) i * width);
        mine.panel.unpack(precision, w, at, steps);
        for (int c = 0; c < end; c += COLUMNS) {
          int count = Math.min(COLUMNS, end - c);
          for (int m = 0; m < rows; m++) {
            int o = outAt + m * outStride + n + c;
            if (i == 0) {
              Arrays.fill(sums, 0);
            } else {
              System.arraycopy(out, o, sums, 0, count);
            }
            addColumns(x, xAt + m * xStride + i, mine.panel.weights(), c, steps, width, sums);
            System.arraycopy(sums, 0, out, o, count);
          }
        }
      }
    }
  }

  /** See {@link CpuKernels#quantizedMatmul}. FMAs of integers compute a group's sum exactly. */
  void quantizedMatmul(
      QuantizedPanel form,
      QuantizedRows x,
      int from,
      int rows,
      MemorySegment w,
      long wAt,
      long panelBytes,
      int columns,
      float[] out,
      int outAt,
      int outStride) {
    Buffers mine = buffers.get();
    for (int n = 0; n < columns; n += width) {
      int end = Math.min(width, columns - n);
      for (int m = 0; m < rows; m++) {
        Arrays.fill(out, outAt + m * outStride + n, outAt + m * outStride + n + end, 0);
      }
      for (int i = 0; i < x.k(); i += SPAN) {
        int steps = Math.min(SPAN, x.k() - i);
        mine.panel.unpack(form, w, wAt + n / width * panelBytes + form.bytes(i), steps);
        for (int c = 0; c < end; c += COLUMNS) {
          int count = Math.min(COLUMNS, end - c);
          for (int m = 0; m < rows; m++) {
            addGroups(form, x, from + m, i, steps, mine, c, count, out, outAt + m * outStride + n);
          }
        }
      }
    }
  }

  /** Adds the scaled sums of a row's groups, {@code steps} steps from i on, to some columns. */
  private void addGroups(
      QuantizedPanel form,
      QuantizedRows x,
      int row,
      int i,
      int steps,
      Buffers mine,
      int c,
      int count,
      float[] out,
      int outAt) {
    int group = form.type().group();
    boolean minimum = form.type().hasMinimum();
    float[] sums = mine.sums;
    float[] scales = mine.panel.scales();
    float[] minima = mine.panel.minima();
    for (int e = 0; e < steps; e += group) {
      Arrays.fill(sums, 0);
      int at = row * x.k() + i + e;
      addColumns(x.integers(), at, mine.panel.weights(), e * width + c, group, width, sums);
      float scale = x.scales()[at / group];
      float total = x.sums()[at / group];
      int of = e / group * width + c;
      for (int j = 0; j < count; j++) {
        float sum = Math.fma(sums[j], scales[of + j] * scale, out[outAt + c + j]);
        out[outAt + c + j] = minimum ? Math.fma(total, minima[of + j], sum) : sum;
      }
    }
  }

  /**
   * Micro-kernel, 1 row × 8 columns: adds the products to {@code sums}, in ascending order; {@code
   * width} floats lie between one step over k and the next.
   */
  private static void addColumns(
      float[] x, int xAt, float[] w, int wAt, int k, int width, float[] sums) {
    float a = sums[0];
    float b = sums[1];
    float c = sums[2];
    float d = sums[3];
    float e = sums[4];
    float f = sums[5];
    float g = sums[6];
    float h = sums[7];
    for (int i = 0, j = wAt; i < k; i++, j += width) {
      float v = x[xAt + i];
      a = Math.fma(w[j], v, a);
      b = Math.fma(w[j + 1], v, b);
      c = Math.fma(w[j + 2], v, c);
      d = Math.fma(w[j + 3], v, d);
      e = Math.fma(w[j + 4], v, e);
      f = Math.fma(w[j + 5], v, f);
      g = Math.fma(w[j + 6], v, g);
      h = Math.fma(w[j + 7], v, h);
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
    sums[4] = e;
    sums[5] = f;
    sums[6] = g;
    sums[7] = h;
  }
}
