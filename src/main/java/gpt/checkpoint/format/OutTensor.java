package gpt.checkpoint.format;

import gpt.model.DType;
import gpt.model.Tensor;

/**
 * A tensor to be written, row-major without gaps.
 *
 * @param key its name in the file
 * @param rank 1 for a vector, which has one row, 2 for a matrix
 * @param dtype the type it is written in
 * @param elements computes its elements
 * @param stored a tensor whose bytes can be copied unchanged, or null
 * @param verify see {@link Tensor#verify}
 */
public record OutTensor(
    String key,
    int rank,
    int rows,
    int columns,
    DType dtype,
    Elements elements,
    Tensor stored,
    Runnable verify) {

  /** A tensor that needs no verification because it comes from no file. */
  public OutTensor(
      String key, int rank, int rows, int columns, DType dtype, Elements elements, Tensor stored) {
    this(key, rank, rows, columns, dtype, elements, stored, () -> {});
  }

  /** Provides elements by rows; thread-safe. */
  @FunctionalInterface
  public interface Elements {
    /** Writes rows [first, first + count) into {@code out}, row-major. */
    void read(int first, int count, float[] out);
  }

  /** A tensor of a model, converted if {@code dtype} is not its own type. */
  public static OutTensor of(String key, Tensor t, DType dtype) {
    boolean contiguous = t.columnStride() == 1 && (t.rank() == 1 || t.rowStride() == t.columns());
    Tensor stored = contiguous && t.dtype() == dtype ? t : null;
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
    // A transposed view: its columns are contiguous in memory.
    Tensor stored = t.transposed();
    float[] column = new float[count];
    for (int c = 0; c < columns; c++) {
      stored.row(c, first, count, column, 0);
      for (int r = 0; r < count; r++) {
        out[r * columns + c] = column[r];
      }
    }
  }

  /** The size in the file, in bytes. */
  public long bytes() {
    return dtype.bytes((long) rows * columns);
  }
}
