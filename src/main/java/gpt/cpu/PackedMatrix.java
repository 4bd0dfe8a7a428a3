package gpt.cpu;

import gpt.model.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A weight matrix W (N, K) in the order the kernels read it. Its N rows are cut into panels of
 * {@code width}; within a panel the element (k, n) lies at k · width + n, so that one step of the
 * kernel loads neighbouring outputs' weights as whole vectors, needs no horizontal sum, and reads
 * memory front to back. The last panel is filled up with zeros.
 *
 * @param data ceil(n / width) panels of k · width floats
 * @param n outputs
 * @param k inputs
 * @param width panel width of the kernels it was packed for
 */
record PackedMatrix(MemorySegment data, int n, int k, int width) {

  /** Inputs of one panel that are rearranged at a time: a tile stays in the first-level cache. */
  private static final int TILE = 64;

  /** Bytes of one panel. */
  long panelBytes() {
    return 4L * k * width;
  }

  /** Number of panels. */
  int panels() {
    return panels(n, width);
  }

  /** Panels that n outputs take. */
  static int panels(int n, int width) {
    return (n + width - 1) / width;
  }

  /** Bytes of an (n, k) matrix once packed. */
  static long bytes(int n, int k, int width) {
    return 4L * panels(n, width) * k * width;
  }

  /** Copies a tensor (N, K), stored either way round, into panels; all workers take part. */
  static PackedMatrix pack(Tensor w, int width, NativeMemory memory, Workers workers) {
    int n = w.rows();
    int k = w.columns();
    MemorySegment data = memory.allocate(bytes(n, k, width));
    PackedMatrix packed = new PackedMatrix(data, n, k, width);
    workers.run(packed.panels(), (panel, worker) -> packed.fill(panel, w));
    return packed;
  }

  /** Row r of W as it was, K values. */
  void row(int r, float[] out, int at) {
    long lane = r / width * panelBytes() + 4L * (r % width);
    for (int i = 0; i < k; i++) {
      out[at + i] = data.get(ValueLayout.JAVA_FLOAT, lane + 4L * i * width);
    }
  }

  private void fill(int panel, Tensor w) {
    int from = panel * width;
    int count = Math.min(width, n - from);
    long at = panel * panelBytes();
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
        for (int i = 0; i < depth; i++) {
          tile[i * width + c] = row[i];
        }
      }
      put(tile, depth * width, at + 4L * k0 * width);
    }
  }

  /** W as stored by Hugging Face's Conv1D, (in, out): one input's weights are contiguous. */
  private void fillByColumn(Tensor w, int from, int count, long at) {
    float[] row = new float[width];
    for (int i = 0; i < k; i++) {
      w.row(i, from, count, row, 0);
      put(row, width, at + 4L * i * width);
    }
  }

  private void put(float[] values, int count, long at) {
    MemorySegment.copy(values, 0, data, ValueLayout.JAVA_FLOAT, at, count);
  }
}
