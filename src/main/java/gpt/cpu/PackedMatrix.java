package gpt.cpu;

import gpt.model.Precision;
import gpt.model.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A weight matrix W (N, K) in the order the kernels read it. Its N rows are cut into panels of
 * {@code width}; within a panel the element (k, n) lies at k · width + n, so that one step of the
 * kernel loads neighbouring outputs' weights as whole vectors, needs no horizontal sum, and reads
 * memory front to back. The last panel is filled up with zeros.
 *
 * <p>Values are kept in one of four forms; 8-bit integers have a factor for each of the N rows.
 *
 * @param data ceil(n / width) panels of k · width values
 * @param n outputs
 * @param k inputs
 * @param width panel width of the kernels it was packed for
 * @param precision the form of a value
 * @param scales what the values of a row are multiplied by (n); null where they are themselves
 */
record PackedMatrix(
    MemorySegment data, int n, int k, int width, Precision precision, float[] scales) {

  /** Inputs of one panel that are rearranged at a time: a tile stays in the first-level cache. */
  private static final int TILE = 64;

  /** Bytes of one panel. */
  long panelBytes() {
    return (long) precision.bytes() * k * width;
  }

  /** Number of panels. */
  int panels() {
    return panels(n, width);
  }

  /** Panels that n outputs take. */
  static int panels(int n, int width) {
    return (n + width - 1) / width;
  }

  /** Bytes of an (n, k) matrix of floats once packed. */
  static long bytes(int n, int k, int width) {
    return bytes(n, k, width, Precision.F32);
  }

  /** Bytes of an (n, k) matrix once packed. */
  static long bytes(int n, int k, int width, Precision precision) {
    return (long) precision.bytes() * panels(n, width) * k * width;
  }

  /** As floats. */
  static PackedMatrix pack(Tensor w, int width, NativeMemory memory, Workers workers) {
    return pack(w, width, Precision.F32, memory, workers);
  }

  /**
   * Copies a tensor (N, K), stored either way round, into panels of values of some form, rounded to
   * the nearest; all workers take part.
   */
  static PackedMatrix pack(
      Tensor w, int width, Precision precision, NativeMemory memory, Workers workers) {
    int n = w.rows();
    int k = w.columns();
    MemorySegment data = memory.allocate(bytes(n, k, width, precision));
    float[] scales = precision == Precision.I8 ? new float[n] : null;
    PackedMatrix packed = new PackedMatrix(data, n, k, width, precision, scales);
    workers.run(packed.panels(), (panel, worker) -> packed.fill(panel, w));
    return packed;
  }

  /** Row r of W as it was, K values. */
  void row(int r, float[] out, int at) {
    int bytes = precision.bytes();
    long lane = r / width * panelBytes() + (long) bytes * (r % width);
    for (int i = 0; i < k; i++) {
      long place = lane + (long) bytes * i * width;
      out[at + i] =
          switch (precision) {
            case F32 -> data.get(ValueLayout.JAVA_FLOAT, place);
            case BF16 -> Narrow.ofBf16(data.get(ValueLayout.JAVA_SHORT, place));
            case F16 -> Float.float16ToFloat(data.get(ValueLayout.JAVA_SHORT, place));
            case I8 -> data.get(ValueLayout.JAVA_BYTE, place) * scales[r];
          };
    }
  }

  private void fill(int panel, Tensor w) {
    int from = panel * width;
    int count = Math.min(width, n - from);
    long at = panel * panelBytes();
    if (precision == Precision.I8) {
      findScales(w, from, count);
    }
    if (w.columnStride() == 1) {
      fillByRow(w, from, count, at);
    } else {
      fillByColumn(w.transposed(), from, count, at);
    }
  }

  /** W as stored by nanoGPT, (out, in): each output's weights are contiguous. */
  private void fillByRow(Tensor w, int from, int count, long at) {
    float[] row = new float[TILE];
    float[] tile = new float[TILE * width];
    for (int k0 = 0; k0 < k; k0 += TILE) {
      int depth = Math.min(TILE, k - k0);
      for (int c = 0; c < count; c++) {
        w.row(from + c, k0, depth, row, 0);
        float factor = factor(from + c);
        for (int i = 0; i < depth; i++) {
          tile[i * width + c] = row[i] * factor;
        }
      }
      put(w, tile, depth * width, at + (long) precision.bytes() * k0 * width);
    }
  }

  /** W as stored by Hugging Face's Conv1D, (in, out): one input's weights are contiguous. */
  private void fillByColumn(Tensor w, int from, int count, long at) {
    float[] row = new float[width];
    for (int i = 0; i < k; i++) {
      w.row(i, from, count, row, 0);
      for (int c = 0; c < count && scales != null; c++) {
        row[c] *= factor(from + c);
      }
      put(w, row, width, at + (long) precision.bytes() * i * width);
    }
  }

  /** What makes a row's values those that are kept. */
  private float factor(int r) {
    return scales == null || scales[r] == 0 ? 1 : 1 / scales[r];
  }

  /** The factors with which the largest value of each row becomes 127. */
  private void findScales(Tensor w, int from, int count) {
    float[] row = new float[TILE];
    boolean byRow = w.columnStride() == 1;
    Tensor stored = byRow ? w : w.transposed();
    float[] most = new float[count];
    for (int r = 0; byRow && r < count; r++) {
      for (int k0 = 0; k0 < k; k0 += TILE) {
        int depth = Math.min(TILE, k - k0);
        stored.row(from + r, k0, depth, row, 0);
        for (int i = 0; i < depth; i++) {
          most[r] = Math.max(most[r], Math.abs(row[i]));
        }
      }
    }
    float[] across = new float[count];
    for (int i = 0; !byRow && i < k; i++) {
      stored.row(i, from, count, across, 0);
      for (int c = 0; c < count; c++) {
        most[c] = Math.max(most[c], Math.abs(across[c]));
      }
    }
    for (int c = 0; c < count; c++) {
      scales[from + c] = most[c] / Narrow.MOST_I8;
    }
  }

  private void put(Tensor w, float[] values, int count, long at) {
    switch (precision) {
      case F32 -> MemorySegment.copy(values, 0, data, ValueLayout.JAVA_FLOAT, at, count);
      case BF16, F16 -> {
        short[] narrow = new short[count];
        for (int i = 0; i < count; i++) {
          narrow[i] =
              precision == Precision.BF16
                  ? Narrow.toBf16(values[i])
                  : Narrow.toF16(values[i], w.name());
        }
        MemorySegment.copy(narrow, 0, data, ValueLayout.JAVA_SHORT, at, count);
      }
      case I8 -> {
        byte[] narrow = new byte[count];
        for (int i = 0; i < count; i++) {
          narrow[i] = Narrow.toI8(values[i]);
        }
        MemorySegment.copy(narrow, 0, data, ValueLayout.JAVA_BYTE, at, count);
      }
    }
  }
}
