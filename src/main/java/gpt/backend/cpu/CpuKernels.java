package gpt.backend.cpu;

import gpt.model.Gelu;
import gpt.model.Precision;
import java.lang.foreign.MemorySegment;

/**
 * The arithmetic of the fast forward pass. Two implementations are one to one: {@link
 * PlainKernels}, plain Java, and {@code VectorKernels}, the Vector API, which {@link
 * CpuKernelsProvider} loads by name. Arrays hold float32; a name followed by {@code At} is the
 * index of its first element.
 *
 * <p>Letters: M rows (positions), K the length of a dot product, N columns (outputs).
 */
interface CpuKernels {

  /** The instruction width in words: {@code Vector API, 512-bit}. */
  String description();

  /** Columns in one panel of a packed matrix: see {@link PackedMatrix}. */
  int panelWidth();

  /** Panels that one row's product reads at once: a worker should get a multiple of it. */
  int STREAMS = 4;

  /**
   * out[m][n] = Σₖ x[m][k] · w[n][k] for n in [0, columns): whole panels, the last one cut off.
   *
   * @param x M rows of K values, {@code xStride} apart
   * @param w panels of K × panelWidth floats; byte {@code wAt} begins the first, and each begins
   *     {@code panelBytes} after the one before
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
   * As {@link #matmul} with weights of another form: a panel is widened, then used by all rows. The
   * factors of 8-bit integers are left out.
   *
   * @param scratch room for a panel of floats, of which nothing is kept
   */
  default void narrowMatmul(
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
      MemorySegment scratch) {
    int width = panelWidth();
    for (int n = 0; n < columns; n += width) {
      widen(precision, w, wAt + n / width * panelBytes, k * width, scratch);
      int here = Math.min(width, columns - n);
      matmul(x, xAt, xStride, rows, scratch, 0, 0, k, here, out, outAt + n, outStride);
    }
  }

  /**
   * Widens values to floats.
   *
   * @param count a multiple of the panel's width
   */
  default void widen(Precision precision, MemorySegment w, long wAt, int count, MemorySegment out) {
    Narrow.widen(precision, w, wAt, count, out);
  }

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

  /** The activation, in place over n values. */
  void gelu(float[] x, int at, int n, Gelu form);

  /** softmax(scale · x), in place over n values, scale > 0. */
  void softmax(float[] x, int at, int n, float scale);

  /**
   * Σ of the floats in {@code bytes} bytes from {@code at} on, read as several streams, as {@link
   * #matmul} of one row reads a panel: see {@link ReadBandwidth}.
   *
   * @param bytes a multiple of {@value #SUM_BYTES}
   */
  float sum(MemorySegment w, long at, long bytes);

  /** Four streams of whole pages. */
  int SUM_BYTES = 1 << 14;
}
