package gpt.backend.cpu.kernels;

import static gpt.backend.cpu.kernels.Activations.GELU_CUBIC;
import static gpt.backend.cpu.kernels.Activations.SQRT_2_OVER_PI;

import gpt.model.Gelu;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The kernels in plain Java with the bits of {@code VectorKernels}, over the same panels, so that
 * {@link TieredKernels} can switch from one to the other at any time. {@link PlainKernels} has the
 * panels and sums that plain Java is fastest with instead.
 *
 * <p>A sum over n values has the order of the vector kernels: one partial sum per lane over whole
 * vectors, then the lanes first to last, then the tail.
 */
final class ScalarKernels implements CpuKernels {
  private final int width;
  private final int lanes;
  private final ScalarMatmul product;
  private final ThreadLocal<float[]> sums;

  /**
   * Kernels for panels of a width.
   *
   * @param width columns of a panel: two vectors of the vector kernels
   */
  ScalarKernels(int width) {
    this.width = width;
    lanes = width / 2;
    product = new ScalarMatmul(width);
    sums = ThreadLocal.withInitial(() -> new float[lanes]);
  }

  @Override
  public String description() {
    return "plain Java, " + 32 * lanes + "-bit order";
  }

  @Override
  public int panelWidth() {
    return width;
  }

  @Override
  public void matmul(
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
      int outStride) {
    product.matmul(x, xAt, xStride, rows, w, wAt, panelBytes, k, columns, out, outAt, outStride);
  }

  @Override
  public void layerNorm(
      float[] x, int xAt, int n, float[] weight, float[] bias, float eps, float[] out, int outAt) {
    int bound = n - n % lanes;
    float[] part = cleared();
    for (int i = 0; i < bound; i++) {
      part[i & lanes - 1] += x[xAt + i];
    }
    float sum = total(part);
    for (int i = bound; i < n; i++) {
      sum += x[xAt + i];
    }
    float mean = sum / n;
    Arrays.fill(part, 0);
    for (int i = 0; i < bound; i++) {
      float d = x[xAt + i] - mean;
      part[i & lanes - 1] = Math.fma(d, d, part[i & lanes - 1]);
    }
    float square = total(part);
    for (int i = bound; i < n; i++) {
      float d = x[xAt + i] - mean;
      square += d * d;
    }
    float scale = (float) (1 / Math.sqrt(square / n + eps));
    for (int i = 0; i < n; i++) {
      float y = (x[xAt + i] - mean) * scale * weight[i];
      out[outAt + i] = bias == null ? y : y + bias[i];
    }
  }

  @Override
  public void gelu(float[] x, int at, int n, Gelu form) {
    if (form == Gelu.EXACT) {
      for (int i = at; i < at + n; i++) {
        x[i] = Activations.geluExact(x[i]);
      }
      return;
    }
    int bound = at + n - n % lanes;
    for (int i = at; i < bound; i++) {
      float v = x[i];
      // The vector kernels' order of operations; the tail below has that of Activations.
      float u = (v * v * v * GELU_CUBIC + v) * (-2 * SQRT_2_OVER_PI);
      x[i] = v / (Activations.exp(u) + 1);
    }
    for (int i = bound; i < at + n; i++) {
      x[i] = Activations.geluTanh(x[i]);
    }
  }

  @Override
  public void softmax(float[] x, int at, int n, float scale) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = at; i < at + n; i++) {
      max = Math.max(max, x[i]);
    }
    int bound = n - n % lanes;
    float[] part = cleared();
    for (int i = 0; i < bound; i++) {
      float e = Activations.exp((x[at + i] - max) * scale);
      x[at + i] = e;
      part[i & lanes - 1] += e;
    }
    float sum = total(part);
    for (int i = bound; i < n; i++) {
      float e = Activations.exp(scale * (x[at + i] - max));
      x[at + i] = e;
      sum += e;
    }
    float inverse = 1 / sum;
    for (int i = at; i < at + n; i++) {
      x[i] *= inverse;
    }
  }

  /** Not part of a forward pass: {@code ReadBandwidth} uses the vector kernels. */
  @Override
  public float sum(MemorySegment w, long at, long bytes) {
    throw new UnsupportedOperationException("ScalarKernels has no sum");
  }

  private float[] cleared() {
    float[] part = sums.get();
    Arrays.fill(part, 0);
    return part;
  }

  private static float total(float[] parts) {
    float sum = 0;
    for (float part : parts) {
      sum += part;
    }
    return sum;
  }
}
