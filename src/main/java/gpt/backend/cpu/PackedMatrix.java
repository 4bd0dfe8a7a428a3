package gpt.backend.cpu;

import gpt.backend.cpu.kernels.QuantizedPanel;
import gpt.backend.cpu.kernels.ReducedPrecision;
import gpt.model.DType;
import gpt.model.Precision;
import gpt.model.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * A weight matrix W (N, K) packed for the micro-kernels, as BLIS packs B. Its N rows are divided
 * into panels of {@code width} rows; within a panel element (k, n) lies at k · width + n. So one
 * step over k loads the weights of adjacent outputs as whole vectors, there is no horizontal sum,
 * and memory is read sequentially. The last panel is padded with zeros. Within a step 16-bit values
 * lie in pairs: see {@link ReducedPrecision#toPairs}.
 *
 * <p>Values are f32, bf16, f16 or i8, which has a scale for each of the N rows, or in quantized
 * blocks: see {@link QuantizedPanel}. With {@link Precision#STORED} a tensor keeps its own, and
 * with {@link Precision#Q4} it gets blocks of Q4_0.
 *
 * @param data ceil(n / width) panels of k · width values
 * @param n outputs
 * @param k inputs
 * @param width panel width of the kernels it was packed for
 * @param precision of the stored values
 * @param scales of the rows (n): weight = stored value · scale; null unless i8
 * @param quantized the layout of packed blocks; null where there are none
 */
public record PackedMatrix(
    MemorySegment data,
    int n,
    int k,
    int width,
    Precision precision,
    float[] scales,
    QuantizedPanel quantized) {

  /** Bytes of one panel. */
  public long panelBytes() {
    return bytes(k);
  }

  /** Bytes of {@code steps} steps over k of a panel, a multiple of quantized blocks. */
  long bytes(int steps) {
    return quantized == null ? precision.bytes((long) steps * width) : quantized.bytes(steps);
  }

  /** Number of panels. */
  int panels() {
    return panels(n, width);
  }

  /** Number of panels of n outputs. */
  static int panels(int n, int width) {
    return (n + width - 1) / width;
  }

  /** Bytes of a packed (n, k) matrix of floats. */
  public static long bytes(int n, int k, int width) {
    return bytes(n, k, width, Precision.F32);
  }

  /** Bytes of a packed (n, k) matrix, without scales. */
  public static long bytes(int n, int k, int width, Precision precision) {
    return precision.bytes((long) panels(n, width) * k * width);
  }

  /** Bytes of a packed tensor (N, K), with scales. */
  public static long bytes(Tensor w, int width, Precision precision) {
    QuantizedPanel quantized = quantized(w, width, precision);
    if (quantized != null) {
      return panels(w.rows(), width) * quantized.bytes(w.columns());
    }
    long scales = precision == Precision.I8 ? (long) Float.BYTES * w.rows() : 0;
    return bytes(w.rows(), w.columns(), width, precision) + scales;
  }

  private static QuantizedPanel quantized(Tensor w, int width, Precision precision) {
    return switch (precision) {
      case Q4 -> new QuantizedPanel(DType.Q4_0, width);
      case STORED -> new QuantizedPanel(w.dtype(), width);
      default -> null;
    };
  }

  /** Packs a tensor (N, K) as f32. */
  public static PackedMatrix pack(Tensor w, int width, NativeMemory memory, Workers workers) {
    return pack(w, width, Precision.F32, memory, workers);
  }

  /**
   * Packs a tensor (N, K), stored in row-major or column-major order, on all workers. Values are
   * rounded to the nearest of the precision.
   *
   * @param precision {@link Precision#STORED} only for a quantized tensor
   */
  public static PackedMatrix pack(
      Tensor w, int width, Precision precision, NativeMemory memory, Workers workers) {
    int n = w.rows();
    int k = w.columns();
    float[] scales = precision == Precision.I8 ? new float[n] : null;
    QuantizedPanel quantized = quantized(w, width, precision);
    long bytes = quantized == null ? bytes(n, k, width, precision) : bytes(w, width, precision);
    MemorySegment data = memory.allocateFilled(bytes);
    PackedMatrix packed = new PackedMatrix(data, n, k, width, precision, scales, quantized);
    new Packing(packed, w, workers).run();
    return packed;
  }

  /** Row r of W, widened to K floats. */
  public void row(int r, float[] out, int at) {
    if (quantized != null) {
      quantized.column(data, r / width * panelBytes(), r % width, k, out, at);
      return;
    }
    long panel = r / width * panelBytes();
    float scale = scales == null ? 1 : scales[r];
    for (int i = 0; i < k; i++) {
      out[at + i] = ReducedPrecision.value(precision, data, panel, i, r % width, width) * scale;
    }
  }
}
