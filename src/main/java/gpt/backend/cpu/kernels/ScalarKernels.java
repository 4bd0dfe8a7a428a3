package gpt.backend.cpu.kernels;

import static gpt.backend.cpu.kernels.Activations.GELU_CUBIC;
import static gpt.backend.cpu.kernels.Activations.SQRT_2_OVER_PI;

import gpt.model.Gelu;
import gpt.model.Precision;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The kernels in plain Java, for a JVM without the Vector API, and for the first tokens where it
 * has one. They have the bits of {@code VectorKernels} over the same panels, so that {@link
 * TieredKernels} can switch from one to the other at any time.
 *
 * <p>A product's element is one sum over ascending k, as everywhere. A sum over n values has the
 * order of the vector kernels: one partial sum per lane over whole vectors, then the lanes first to
 * last, then the tail.
 *
 * <p>The micro-kernel keeps 8 sums in scalar registers. Loops over adjacent elements, written for
 * auto-vectorization, ran at half its speed: C2 does not vectorize them where two arrays may alias.
 */
public final class ScalarKernels implements CpuKernels {
  private final int width;
  private final int lanes;
  private final ScalarMatmul product;
  private final ThreadLocal<float[]> sums;

  /**
   * Kernels for panels of a width.
   *
   * @param width columns of a panel: two vectors of the vector kernels, 8 or more
   */
  public ScalarKernels(int width) {
    this.width = width;
    lanes = width / 2;
    product = new ScalarMatmul(width);
    sums = ThreadLocal.withInitial(() -> new float[lanes]);
  }

  @Override
  public String description() {
    return "plain Java";
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
    product.matmul(
        Precision.F32,
        x,
        xAt,
        xStride,
        rows,
        w,
        wAt,
        panelBytes,
        k,
        columns,
        out,
        outAt,
        outStride);
  }

  @Override
  public void mixedPrecisionMatmul(
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
    product.matmul(
        precision, x, xAt, xStride, rows, w, wAt, panelBytes, k, columns, out, outAt, outStride);
  }

  @Override
  public void quantizedMatmul(
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
      int outStride) {
    product.quantizedMatmul(
        form, x, from, rows, w, wAt, panelBytes, columns, out, outAt, outStride);
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

  @Override
  public float sum(MemorySegment w, long at, long bytes) {
    float a = 0;
    float b = 0;
    float c = 0;
    float d = 0;
    long stream = bytes / 4;
    for (long i = at; i < at + stream; i += Float.BYTES) {
      a += w.get(ValueLayout.JAVA_FLOAT, i);
      b += w.get(ValueLayout.JAVA_FLOAT, i + stream);
      c += w.get(ValueLayout.JAVA_FLOAT, i + 2 * stream);
      d += w.get(ValueLayout.JAVA_FLOAT, i + 3 * stream);
    }
    return a + b + (c + d);
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
