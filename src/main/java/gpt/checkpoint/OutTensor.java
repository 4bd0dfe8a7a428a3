package gpt.checkpoint;

import gpt.model.DType;
import gpt.model.Tensor;

/**
 * A tensor to be written, as dense rows.
 *
 * @param key its name in the file
 * @param rank 1 for a vector, which is one row, 2 for a matrix
 * @param dtype the type it is written in
 * @param elements where its elements come from
 * @param stored a tensor whose bytes are those to be written, or null
 * @param verify see {@link Tensor#verify}
 */
record OutTensor(
    String key,
    int rank,
    int rows,
    int columns,
    DType dtype,
    Elements elements,
    Tensor stored,
    Runnable verify) {

  /** Elements that come from no file. */
  OutTensor(
      String key, int rank, int rows, int columns, DType dtype, Elements elements, Tensor stored) {
    this(key, rank, rows, columns, dtype, elements, stored, () -> {});
  }

  /** Elements by rows; several threads ask at the same time. */
  @FunctionalInterface
  interface Elements {
    /** Rows [first, first + count) one after another. */
    void read(int first, int count, float[] out);
  }

  /** A tensor in another type, or in its own. */
  static OutTensor of(String key, Tensor t, DType dtype) {
    boolean dense = t.columnStride() == 1 && (t.rank() == 1 || t.rowStride() == t.columns());
    Tensor stored = dense && t.dtype() == dtype ? t : null;
    return new OutTensor(
        key,
        t.rank(),
        t.rows(),
        t.columns(),
        dtype,
        (first, count, out) -> read(t, first, count, out),
        stored,
        t::verify);
  }

  private static void read(Tensor t, int first, int count, float[] out) {
    int columns = t.columns();
    if (t.columnStride() == 1) {
      for (int r = 0; r < count; r++) {
        t.row(first + r, 0, columns, out, r * columns);
      }
      return;
    }
    // Transposed: neighbouring rows lie side by side.
    for (int c = 0; c < columns; c++) {
      for (int r = 0; r < count; r++) {
        out[r * columns + c] = t.get(first + r, c);
      }
    }
  }

  /** Bytes in the file. */
  long bytes() {
    return dtype.bytes((long) rows * columns);
  }
}
