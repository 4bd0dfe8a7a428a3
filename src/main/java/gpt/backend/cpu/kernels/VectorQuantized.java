package gpt.backend.cpu.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link CpuKernels#quantizedMatmul} on the Vector API; {@link VectorQuantizedTiles} computes many
 * rows. Up to {@link QuantizedRows#FEW} rows are computed one after the other while two panels are
 * in the cache. The products of a group are computed and summed as integers ({@link VectorCodes}),
 * so an instruction has up to twice the products of an FMA, and no weight is converted to float. As
 * in {@link VectorMatmul} no method takes or returns a vector.
 */
final class VectorQuantized {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int L = S.length(); // lanes: floats of a vector

  private static final int WIDTH = VectorMatmul.WIDTH;

  /** Columns of two panels, which are multiplied together. */
  private static final int COLUMNS = 2 * WIDTH;

  private static final int CHUNK = QuantizedRows.CHUNK;

  /** Steps over k of one pass. */
  private static final int SPAN = 1024;

  private final int[] products = new int[SPAN / 16 * COLUMNS]; // (group, column)
  private final float[] sums = new float[QuantizedRows.FEW * COLUMNS]; // (row, column)
  private final int[] values = new int[CHUNK];
  private final VectorQuantizedTiles tiles = new VectorQuantizedTiles();

  /** Kernels with buffers for one thread. */
  VectorQuantized() {}

  /** {@link CpuKernels#quantize}. */
  void quantize(float[] x, int xAt, QuantizedRows to, int row) {
    for (int i = 0; i < to.k(); i += CHUNK) {
      FloatVector maxima = FloatVector.zero(S);
      for (int j = 0; j < CHUNK; j += L) {
        maxima = maxima.max(FloatVector.fromArray(S, x, xAt + i + j).abs());
      }
      float max = maxima.reduceLanes(VectorOperators.MAX);
      float inverse = QuantizedRows.inverse(max);
      for (int j = 0; j < CHUNK; j += L) {
        FloatVector.fromArray(S, x, xAt + i + j)
            .mul(inverse)
            .add(ReducedPrecision.ROUNDER)
            .reinterpretAsInts()
            .sub(QuantizedRows.ROUNDER_BITS)
            .intoArray(values, j);
      }
      to.set(row, i, max, values);
    }
  }

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
    if (!x.few()) {
      tiles.matmul(form, x, from, rows, w, wAt, panelBytes, columns, out, outAt, outStride);
      return;
    }
    for (int n = 0; n < columns; n += COLUMNS) {
      long panel = wAt + n / WIDTH * panelBytes;
      Arrays.fill(sums, 0, rows * COLUMNS, 0);
      twoPanels(form, x, from, rows, w, panel, columns - n > WIDTH ? panelBytes : 0);
      for (int m = 0; m < rows; m++) {
        int to = outAt + m * outStride + n;
        System.arraycopy(sums, m * COLUMNS, out, to, Math.min(COLUMNS, columns - n));
      }
    }
  }

  /** Rows × 1 or 2 panels, the second one {@code b} bytes after the first. */
  private void twoPanels(
      QuantizedPanel form,
      QuantizedRows x,
      int from,
      int rows,
      MemorySegment w,
      long panel,
      long b) {
    int group = form.type().group();
    for (int i = 0; i < x.k(); i += SPAN) {
      int groups = Math.min(SPAN, x.k() - i) / group;
      for (int m = 0; m < rows; m++) {
        codes(form, x, from + m, i, groups, w, panel, b);
        for (int p = 0; p < (b == 0 ? 1 : 2); p++) {
          VectorSums.add(
              form,
              x,
              from + m,
              i / group,
              groups,
              products,
              p * WIDTH,
              COLUMNS,
              w,
              panel + p * b,
              sums,
              m * COLUMNS + p * WIDTH);
        }
      }
      panel += form.bytes(groups * group);
    }
  }

  /** Sums of the products with the codes of groups. */
  private void codes(
      QuantizedPanel form,
      QuantizedRows x,
      int row,
      int i,
      int groups,
      MemorySegment w,
      long at,
      long b) {
    int bits = form.layout().words();
    int group = form.type().group();
    int blockGroups = form.type().block() / group;
    long gap = form.headerBytes();
    long codes = at + gap;
    int from = (row * x.k() + i) / CHUNK * form.layout().multipliers();
    int end = from + groups * group / CHUNK * form.layout().multipliers();
    int start = (row * x.k() + i) / form.run();
    int[] m = x.multipliers();
    int[] starts = x.starts();
    if (bits == 4 || bits == 5) {
      int words = bits * group / CHUNK;
      VectorCodes.quarters(
          bits,
          w,
          codes,
          codes + b,
          gap,
          words,
          blockGroups,
          m,
          from,
          end,
          starts,
          start,
          products);
      return;
    }
    for (int p = 0; p < (b == 0 ? 1 : 2); p++) {
      int to = p * WIDTH;
      switch (bits) {
        case 2 ->
            VectorCodes.twoBits(
                w, codes, gap, blockGroups, m, from, end, starts, start, products, to);
        case 6 ->
            VectorCodes.sixBits(
                w, codes, gap, blockGroups, m, from, end, starts, start, products, to);
        default ->
            VectorCodes.eightBits(
                w, codes, gap, blockGroups, m, from, end, starts, start, products, to);
      }
      codes += b;
    }
  }
}
