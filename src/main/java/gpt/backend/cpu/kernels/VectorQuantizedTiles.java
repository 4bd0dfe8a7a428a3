package gpt.backend.cpu.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link CpuKernels#quantizedMatmul} of many rows. A part of a panel is unpacked to floats ({@link
 * VectorUnpacking}), which all rows use while it is in the cache. These floats are the codes
 * without their offset, integers from −128 to 127, and x's are from −127 to 127, so FMAs compute
 * the sum of a group's products exactly: the integer that {@link VectorQuantized} computes for few
 * rows. Codes unpacked to 16-bit lanes and multiplied there took as long with 8 rows and 1.1 to 1.2
 * times as long with 96: that is a multiplication and an addition for what one FMA does in half as
 * many lanes.
 *
 * <p>As in {@link VectorTiles} a tile has 4 or 5 rows × 1 panel, and accumulators.
 */
final class VectorQuantizedTiles {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int L = S.length(); // lanes: floats of a vector

  private static final int WIDTH = VectorMatmul.WIDTH;

  /** Steps over k of a panel that are unpacked together: they stay in the L2 cache. */
  private static final int SPAN = 768;

  private static final int MAX_ROWS = 5;

  private final VectorUnpacking unpacking = new VectorUnpacking(SPAN);
  private final VectorScales scales = new VectorScales(SPAN);
  private final float[] products = new float[SPAN / 16 * MAX_ROWS * WIDTH]; // (group, row, column)
  private float[] partial = {}; // (rows, WIDTH): the columns of a partial panel

  /** {@link CpuKernels#quantizedMatmul}. */
  void matmul(
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
    for (int n = 0; n < columns; n += WIDTH) {
      long panel = wAt + n / WIDTH * panelBytes;
      if (columns - n >= WIDTH) {
        panel(form, x, from, rows, w, panel, out, outAt + n, outStride);
        continue;
      }
      if (partial.length < rows * WIDTH) {
        partial = new float[rows * WIDTH];
      }
      panel(form, x, from, rows, w, panel, partial, 0, WIDTH);
      for (int m = 0; m < rows; m++) {
        System.arraycopy(partial, m * WIDTH, out, outAt + m * outStride + n, columns - n);
      }
    }
  }

  /** One whole panel. */
  private void panel(
      QuantizedPanel form,
      QuantizedRows x,
      int from,
      int rows,
      MemorySegment w,
      long at,
      float[] out,
      int outAt,
      int outStride) {
    for (int m = 0; m < rows; m++) {
      int o = outAt + m * outStride;
      Arrays.fill(out, o, o + WIDTH, 0);
    }
    int group = form.type().group();
    boolean minimum = form.type().hasMinimum();
    for (int first = 0; first < x.k(); first += SPAN) {
      int steps = Math.min(SPAN, x.k() - first);
      unpacking.unpack(form, w, at, steps);
      scales.unpack(form, w, at, steps);
      at += form.bytes(steps);
      int m = 0;
      while (m < rows) {
        int tile = Math.ceilDiv(rows - m, Math.ceilDiv(rows - m, MAX_ROWS));
        int stride = Math.max(tile, MAX_ROWS - 1) * WIDTH;
        if (tile == MAX_ROWS) {
          fiveRows(x, from + m, first, steps, group);
        } else {
          upToFourRows(x, from + m, tile, first, steps, group);
        }
        for (int r = 0; r < tile; r++, m++) {
          scales.add(
              x,
              from + m,
              first / group,
              steps / group,
              minimum,
              products,
              r * WIDTH,
              stride,
              out,
              outAt + m * outStride);
        }
      }
    }
  }

  /**
   * Micro-kernel, 4 rows × 1 panel: 8 accumulators. With fewer {@code rows} the last one is
   * computed several times.
   */
  private void upToFourRows(QuantizedRows x, int row, int rows, int first, int steps, int group) {
    float[] w = unpacking.weights();
    float[] products = this.products;
    float[] values = x.integers();
    int xa = row * x.k() + first;
    int xb = rows > 1 ? xa + x.k() : xa;
    int xc = rows > 2 ? xb + x.k() : xb;
    int xd = rows > 3 ? xc + x.k() : xc;
    int mask = group - 1;
    FloatVector a0 = FloatVector.zero(S);
    FloatVector a1 = FloatVector.zero(S);
    FloatVector b0 = FloatVector.zero(S);
    FloatVector b1 = FloatVector.zero(S);
    FloatVector c0 = FloatVector.zero(S);
    FloatVector c1 = FloatVector.zero(S);
    FloatVector d0 = FloatVector.zero(S);
    FloatVector d1 = FloatVector.zero(S);
    int to = 0;
    for (int i = 0; i < steps; i++) {
      FloatVector w0 = FloatVector.fromArray(S, w, i * WIDTH);
      FloatVector w1 = FloatVector.fromArray(S, w, i * WIDTH + L);
      FloatVector v = FloatVector.broadcast(S, values[xa + i]);
      a0 = w0.fma(v, a0);
      a1 = w1.fma(v, a1);
      v = FloatVector.broadcast(S, values[xb + i]);
      b0 = w0.fma(v, b0);
      b1 = w1.fma(v, b1);
      v = FloatVector.broadcast(S, values[xc + i]);
      c0 = w0.fma(v, c0);
      c1 = w1.fma(v, c1);
      v = FloatVector.broadcast(S, values[xd + i]);
      d0 = w0.fma(v, d0);
      d1 = w1.fma(v, d1);
      if ((i & mask) == mask) {
        a0.intoArray(products, to);
        a1.intoArray(products, to + L);
        b0.intoArray(products, to + WIDTH);
        b1.intoArray(products, to + WIDTH + L);
        c0.intoArray(products, to + 2 * WIDTH);
        c1.intoArray(products, to + 2 * WIDTH + L);
        d0.intoArray(products, to + 3 * WIDTH);
        d1.intoArray(products, to + 3 * WIDTH + L);
        to += 4 * WIDTH;
        a0 = FloatVector.zero(S);
        a1 = FloatVector.zero(S);
        b0 = FloatVector.zero(S);
        b1 = FloatVector.zero(S);
        c0 = FloatVector.zero(S);
        c1 = FloatVector.zero(S);
        d0 = FloatVector.zero(S);
        d1 = FloatVector.zero(S);
      }
    }
  }

  /** Micro-kernel, 5 rows × 1 panel: 10 accumulators. */
  private void fiveRows(QuantizedRows x, int row, int first, int steps, int group) {
    float[] w = unpacking.weights();
    float[] products = this.products;
    float[] values = x.integers();
    int xa = row * x.k() + first;
    int xb = xa + x.k();
    int xc = xb + x.k();
    int xd = xc + x.k();
    int xe = xd + x.k();
    int mask = group - 1;
    FloatVector a0 = FloatVector.zero(S);
    FloatVector a1 = FloatVector.zero(S);
    FloatVector b0 = FloatVector.zero(S);
    FloatVector b1 = FloatVector.zero(S);
    FloatVector c0 = FloatVector.zero(S);
    FloatVector c1 = FloatVector.zero(S);
    FloatVector d0 = FloatVector.zero(S);
    FloatVector d1 = FloatVector.zero(S);
    FloatVector e0 = FloatVector.zero(S);
    FloatVector e1 = FloatVector.zero(S);
    int to = 0;
    for (int i = 0; i < steps; i++) {
      FloatVector w0 = FloatVector.fromArray(S, w, i * WIDTH);
      FloatVector w1 = FloatVector.fromArray(S, w, i * WIDTH + L);
      FloatVector v = FloatVector.broadcast(S, values[xa + i]);
      a0 = w0.fma(v, a0);
      a1 = w1.fma(v, a1);
      v = FloatVector.broadcast(S, values[xb + i]);
      b0 = w0.fma(v, b0);
      b1 = w1.fma(v, b1);
      v = FloatVector.broadcast(S, values[xc + i]);
      c0 = w0.fma(v, c0);
      c1 = w1.fma(v, c1);
      v = FloatVector.broadcast(S, values[xd + i]);
      d0 = w0.fma(v, d0);
      d1 = w1.fma(v, d1);
      v = FloatVector.broadcast(S, values[xe + i]);
      e0 = w0.fma(v, e0);
      e1 = w1.fma(v, e1);
      if ((i & mask) == mask) {
        a0.intoArray(products, to);
        a1.intoArray(products, to + L);
        b0.intoArray(products, to + WIDTH);
        b1.intoArray(products, to + WIDTH + L);
        c0.intoArray(products, to + 2 * WIDTH);
        c1.intoArray(products, to + 2 * WIDTH + L);
        d0.intoArray(products, to + 3 * WIDTH);
        d1.intoArray(products, to + 3 * WIDTH + L);
        e0.intoArray(products, to + 4 * WIDTH);
        e1.intoArray(products, to + 4 * WIDTH + L);
        to += 5 * WIDTH;
        a0 = FloatVector.zero(S);
        a1 = FloatVector.zero(S);
        b0 = FloatVector.zero(S);
        b1 = FloatVector.zero(S);
        c0 = FloatVector.zero(S);
        c1 = FloatVector.zero(S);
        d0 = FloatVector.zero(S);
        d1 = FloatVector.zero(S);
        e0 = FloatVector.zero(S);
        e1 = FloatVector.zero(S);
      }
    }
  }
}
