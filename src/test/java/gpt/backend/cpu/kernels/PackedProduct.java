package gpt.backend.cpu.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import gpt.backend.cpu.NativeMemory;
import gpt.backend.cpu.PackedMatrix;
import gpt.backend.cpu.Workers;
import gpt.model.Precision;
import gpt.model.Tensor;
import java.util.Arrays;

/** A matrix packed in quantized blocks, with its memory, and products with it. */
final class PackedProduct implements AutoCloseable {
  /** Untouched values before and after rows. */
  static final int MARGIN = 3;

  private static final float GUARD = 1e30f;

  private final NativeMemory memory = new NativeMemory();
  private final PackedMatrix matrix;

  PackedProduct(CpuKernels kernels, Tensor w, Precision precision) {
    try (Workers workers = new Workers(2)) {
      matrix = PackedMatrix.pack(w, kernels.panelWidth(), precision, memory, workers);
    }
    assertEquals(matrix.data().byteSize(), PackedMatrix.bytes(w, kernels.panelWidth(), precision));
  }

  PackedMatrix matrix() {
    return matrix;
  }

  /** The product with rows of x that begin at {@link #MARGIN}, between untouched margins. */
  float[] with(CpuKernels kernels, float[] x, int rows) {
    QuantizedRows quantized = new QuantizedRows();
    quantized.reset(rows, matrix.k(), matrix.quantized());
    for (int m = 0; m < rows; m++) {
      kernels.quantize(x, MARGIN + m * matrix.k(), quantized, m);
    }
    int n = matrix.n();
    float[] out = new float[2 * MARGIN + rows * n];
    Arrays.fill(out, GUARD);
    kernels.quantizedMatmul(
        matrix.quantized(),
        quantized,
        0,
        rows,
        matrix.data(),
        0,
        matrix.panelBytes(),
        n,
        out,
        MARGIN,
        n);
    for (int i = 0; i < MARGIN; i++) {
      assertEquals(GUARD, out[i]);
      assertEquals(GUARD, out[out.length - 1 - i]);
    }
    return out;
  }

  @Override
  public void close() {
    memory.close();
  }
}
