package gpt.backend.cpu.kernels;

import gpt.model.Gelu;
import gpt.model.Precision;
import java.lang.foreign.MemorySegment;

/**
 * The arithmetic of the fast forward pass. {@code VectorKernels} uses the Vector API, and {@link
 * CpuKernelsProvider} loads it by name; {@link ScalarKernels} is plain Java, with the same bits.
 * Arrays hold float32; {@code xAt} is the index of the first element of x, and so on.
 *
 * <p>Letters: M rows (tokens), K the length of a dot product, N columns (outputs).
 */
public interface CpuKernels {

  /** The kind of kernels and their vector width: {@code Vector API, 512-bit}. */
  String description();

  /** Columns in one panel of a packed matrix: see {@code PackedMatrix}. */
  public int panelWidth();

  /** Announces so many FMAs with weights, which kernels with a fast start can choose by. */
  default void expect(long fmas) {}

  /** Panels that the product of one row reads concurrently; a tile should be a multiple of it. */
  int STREAMS = 4;

  /**
   * out[m][n] = Σₖ x[m][k] · w[n][k] for n in [0, columns); the last panel may be partial.
   *
   * @param x M rows of K values, {@code xStride} apart
   * @param w panels of K × panelWidth floats; the first starts at byte {@code wAt}, and panels are
   *     {@code panelBytes} apart
   * @param out M rows of {@code columns} values, {@code outStride} apart; overwritten
   */
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
      int outStride);

  /**
   * As {@link #matmul} with reduced-precision weights. The scales of i8 are not applied; the
   * epilogue does that.
   *
   * @param scratch buffer for one panel of floats; its content may be overwritten
   */
  void mixedPrecisionMatmul(
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
      int outStride,
      MemorySegment scratch);

  /** Rounds a row of x to 8 bits for {@link #quantizedMatmul}; its values begin at {@code xAt}. */
  default void quantize(float[] x, int xAt, QuantizedRows to, int row) {
    to.quantize(x, xAt, row);
  }

  /**
   * As {@link #matmul} for rows that have been quantized and weights in quantized blocks. Within a
   * group the products are integers, whose sum is exact. Each element is s = fma(sum of the group,
   * scale of the weights · scale of x, s) from 0 over ascending groups, followed by s = fma(sum of
   * the group's x, minimum, s) in the types with minima, so it has the same bits for any number of
   * rows and with any kernels.
   */
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
      int outStride);

  /** x[i] *= y[i] for n values. */
  default void multiply(float[] x, int xAt, float[] y, int yAt, int n) {
    for (int i = 0; i < n; i++) {
      x[xAt + i] *= y[yAt + i];
    }
  }

  /** out = (x − mean) / √(variance + ε) · weight + bias over n values; bias may be null. */
  void layerNorm(
      float[] x, int xAt, int n, float[] weight, float[] bias, float eps, float[] out, int outAt);

  /** x[i] += y[i] for n values. */
  default void add(float[] x, int xAt, float[] y, int yAt, int n) {
    for (int i = 0; i < n; i++) {
      x[xAt + i] += y[yAt + i];
    }
  }

  /** GELU, in place over n values. */
  void gelu(float[] x, int at, int n, Gelu form);

  /** softmax(scale · x), in place over n values, scale > 0. */
  void softmax(float[] x, int at, int n, float scale);

  /**
   * Sum of the floats in {@code bytes} bytes from {@code at} on, read as four streams like the
   * panels of a one-row {@link #matmul}. {@code ReadBandwidth} times it.
   *
   * @param bytes a multiple of {@value #SUM_BYTES}
   */
  float sum(MemorySegment w, long at, long bytes);

  /** Four streams of 4 KiB pages. */
  int SUM_BYTES = 1 << 14;
}
