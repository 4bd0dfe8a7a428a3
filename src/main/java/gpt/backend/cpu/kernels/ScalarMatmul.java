package gpt.backend.cpu.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * {@code VectorMatmul} in scalar code, bit for bit: the same panels, and each element of the
 * product is the same sum in the same order, s = fma(w, x, s) from 0 over ascending k.
 */
final class ScalarMatmul {
  /** Columns of the micro-kernel, one sum in a register each. */
  private static final int COLUMNS = 8;

  private final int width;

  /** One thread's copy of a panel: array accesses are cheaper than a memory segment's. */
  private static final class Scratch {
    private float[] panel = {};
    private final float[] sums = new float[COLUMNS];
  }

  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

  /**
   * A product over panels of a width.
   *
   * @param width columns of a panel, a multiple of 8
   */
  ScalarMatmul(int width) {
    this.width = width;
  }

  /** See {@link CpuKernels#matmul}. */
  void matmul(
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
    Scratch mine = scratch.get();
    if (mine.panel.length < k * width) {
      mine.panel = new float[Math.max(k * width, 2 * mine.panel.length)];
    }
    for (int n = 0; n < columns; n += width) {
      MemorySegment.copy(
          w, ValueLayout.JAVA_FLOAT, wAt + n / width * panelBytes, mine.panel, 0, k * width);
      int end = Math.min(n + width, columns);
      for (int c = n; c < end; c += COLUMNS) {
        int count = Math.min(COLUMNS, end - c);
        for (int m = 0; m < rows; m++) {
          eightColumns(x, xAt + m * xStride, mine.panel, c - n, k, width, mine.sums);
          System.arraycopy(mine.sums, 0, out, outAt + m * outStride + c, count);
        }
      }
    }
  }

  /** Micro-kernel, 1 row × 8 columns; {@code width} floats lie between one k and the next. */
  private static void eightColumns(
      float[] x, int xAt, float[] w, int wAt, int k, int width, float[] sums) {
    float a = 0;
    float b = 0;
    float c = 0;
    float d = 0;
    float e = 0;
    float f = 0;
    float g = 0;
    float h = 0;
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
