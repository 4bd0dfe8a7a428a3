package gpt.model;

import gpt.GptException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A read-only vector or matrix in memory, often a view of a mapped file. Element (r, c) of a matrix
 * lies at index {@code r * rowStride + c * columnStride}; a vector is a matrix of one row. {@link
 * #transposed} swaps the strides: a weight stored as (in, out) is read as (out, in) and transposed
 * only once, when an engine packs it.
 */
public final class Tensor {
  private static final ValueLayout.OfFloat F32 =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort I16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final String name;
  private final DType dtype;
  private final int rows;
  private final int columns;
  private final int rank;
  private final long rowStride;
  private final long columnStride;
  private final MemorySegment data;
  private final Runnable verify;

  private Tensor(
      String name,
      DType dtype,
      int rows,
      int columns,
      int rank,
      long rowStride,
      long columnStride,
      MemorySegment data,
      Runnable verify) {
    this.name = name;
    this.dtype = dtype;
    this.rows = rows;
    this.columns = columns;
    this.rank = rank;
    this.rowStride = rowStride;
    this.columnStride = columnStride;
    this.data = data;
    this.verify = verify;
  }

  /** A dense vector of {@code n} elements. */
  public static Tensor vector(String name, DType dtype, int n, MemorySegment data) {
    return new Tensor(name, dtype, 1, n, 1, n, 1, checked(name, dtype, (long) n, data), () -> {});
  }

  /** A dense row-major matrix; the columns are a multiple of the type's block. */
  public static Tensor matrix(String name, DType dtype, int rows, int columns, MemorySegment data) {
    if (columns % dtype.block() != 0) {
      throw new IllegalArgumentException(
          name + ": rows of " + columns + " elements are not whole blocks of " + dtype);
    }
    MemorySegment d = checked(name, dtype, (long) rows * columns, data);
    return new Tensor(name, dtype, rows, columns, 2, columns, 1, d, () -> {});
  }

  /** A dense vector over an array, for tests and synthetic weights. */
  public static Tensor vector(String name, float... values) {
    return vector(name, DType.F32, values.length, nativeOrder(values));
  }

  /** A dense row-major matrix over an array, for tests and synthetic weights. */
  public static Tensor matrix(String name, int rows, int columns, float[] values) {
    return matrix(name, DType.F32, rows, columns, nativeOrder(values));
  }

  private static MemorySegment nativeOrder(float[] values) {
    if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
      throw new UnsupportedOperationException("big-endian machines are not supported");
    }
    return MemorySegment.ofArray(values);
  }

  private static MemorySegment checked(String name, DType dtype, long n, MemorySegment data) {
    if (n % dtype.block() != 0) {
      throw new IllegalArgumentException(
          name + ": " + n + " elements are not whole blocks of " + dtype);
    }
    if (data.byteSize() != dtype.bytes(n)) {
      throw new IllegalArgumentException(
          name
              + ": "
              + n
              + " elements of "
              + dtype
              + " need "
              + dtype.bytes(n)
              + " bytes, found "
              + data.byteSize());
    }
    return data.asReadOnly();
  }

  /** A transposed view: rows and columns are exchanged, nothing is copied. */
  public Tensor transposed() {
    if (rank != 2) {
      throw new IllegalStateException(name + " is a vector");
    }
    return new Tensor(name, dtype, columns, rows, 2, columnStride, rowStride, data, verify);
  }

  /**
   * The same elements with a check of their stored bytes.
   *
   * @param check compares the stored bytes with the file's checksum and throws {@link GptException}
   *     where they differ
   */
  public Tensor verifiedBy(Runnable check) {
    return new Tensor(name, dtype, rows, columns, rank, rowStride, columnStride, data, check);
  }

  /**
   * Compares the stored bytes with the file's checksum, if it has one. Callers of {@link #row} and
   * {@link #get} must call this before the model runs. Thread-safe.
   *
   * @throws GptException where they differ
   */
  public void verify() {
    verify.run();
  }

  /** The tensor's key in its checkpoint. */
  public String name() {
    return name;
  }

  /** The stored element type. */
  public DType dtype() {
    return dtype;
  }

  /** 1 for a vector, 2 for a matrix. */
  public int rank() {
    return rank;
  }

  /** Rows; 1 for a vector. */
  public int rows() {
    return rows;
  }

  /** Columns; the length of a vector. */
  public int columns() {
    return columns;
  }

  /** Number of elements. */
  public long size() {
    return (long) rows * columns;
  }

  /** Elements between (r, c) and (r + 1, c). */
  public long rowStride() {
    return rowStride;
  }

  /** Elements between (r, c) and (r, c + 1). */
  public long columnStride() {
    return columnStride;
  }

  /** The stored bytes, read-only. Tensors of one tied weight share them. */
  public MemorySegment data() {
    return data;
  }

  /** Element (r, c), widened to float. */
  public float get(int r, int c) {
    return at(r * rowStride + c * columnStride);
  }

  /** Element i of a vector. */
  public float get(int i) {
    return at(i);
  }

  /**
   * Copies {@code n} elements of row {@code r}, from column {@code from} on, to {@code out} from
   * index {@code at} on, widened to float.
   */
  public void row(int r, int from, int n, float[] out, int at) {
    if (dtype == DType.F32 && columnStride == 1) {
      MemorySegment.copy(data, F32, 4 * (r * rowStride + from), out, at, n);
      return;
    }
    long first = r * rowStride + from * columnStride;
    if (dtype.quantized() && columnStride == 1) {
      blocks(first, n, out, at);
      return;
    }
    for (int i = 0; i < n; i++) {
      out[at + i] = at(first + i * columnStride);
    }
  }

  /**
   * All elements in row-major order, widened to float.
   *
   * @throws GptException as {@link #verify}
   */
  public float[] toArray() {
    verify();
    float[] out = new float[Math.toIntExact(size())];
    for (int r = 0; r < rows; r++) {
      row(r, 0, columns, out, r * columns);
    }
    return out;
  }

  private float at(long index) {
    return switch (dtype) {
      case F32 -> data.get(F32, 4 * index);
      case F16 -> Float.float16ToFloat(data.get(I16, 2 * index));
      case BF16 -> Bf16.toFloat(data.get(I16, 2 * index));
      default -> {
        float[] one = new float[1];
        blocks(index, 1, one, 0);
        yield one[0];
      }
    };
  }

  /** Dequantizes {@code n} adjacent elements, from index {@code first} on. */
  private void blocks(long first, int n, float[] out, int at) {
    QuantizedBlock stored = new QuantizedBlock(dtype);
    float[] block = new float[dtype.block()];
    for (int done = 0; done < n; ) {
      long index = first + done;
      int skip = (int) (index % block.length);
      int count = Math.min(n - done, block.length - skip);
      stored.read(data, dtype.bytes(index - skip));
      stored.dequantize(block);
      System.arraycopy(block, skip, out, at + done, count);
      done += count;
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Tensor t
        && rows == t.rows
        && columns == t.columns
        && Arrays.equals(toArray(), t.toArray());
  }

  @Override
  public int hashCode() {
    return 31 * rows + columns;
  }

  @Override
  public String toString() {
    return name + (rank == 1 ? " (" + columns + ")" : " (" + rows + ", " + columns + ")");
  }
}
