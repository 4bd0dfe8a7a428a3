package gpt.backend.cpu.kernels;

import gpt.model.Gelu;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The kernels in plain Java, for a JVM without the Vector API. A panel is 8 columns wide: the
 * micro-kernel keeps 8 sums in scalar registers. Loops over adjacent elements, written for
 * auto-vectorization, ran at half this speed: C2 does not vectorize them where two arrays may
 * alias.
 */
public final class PlainKernels implements CpuKernels {
  private static final int WIDTH = 8;

  /** Steps over k that are copied to the heap at a time: 16 KiB, half an L1 cache. */
  private static final int DEPTH = 512;

  /** Each thread's copy of a panel: array accesses are cheaper than a memory segment's. */
  private final ThreadLocal<float[]> copy = ThreadLocal.withInitial(() -> new float[DEPTH * WIDTH]);

  @Override
  public String description() {
    return "plain Java";
  }

  @Override
  public int panelWidth() {
    return WIDTH;
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
    float[] weights = copy.get();
    for (int n = 0; n < columns; n += WIDTH) {
      int width = Math.min(WIDTH, columns - n);
      long panel = wAt + n / WIDTH * panelBytes;
      for (int i = 0; i < k; i += DEPTH) {
        int depth = Math.min(DEPTH, k - i);
        MemorySegment.copy(
            w, ValueLayout.JAVA_FLOAT, panel + 4L * i * WIDTH, weights, 0, depth * WIDTH);
        for (int m = 0; m < rows; m++) {
          int o = outAt + m * outStride + n;
          if (width == WIDTH) {
            eightColumns(x, xAt + m * xStride + i, weights, depth, i > 0, out, o);
          } else {
            fewerColumns(x, xAt + m * xStride + i, weights, depth, i > 0, out, o, width);
          }
        }
      }
    }
  }

  /** Micro-kernel, 1 row × 1 panel; {@code more} adds to out instead of overwriting it. */
  private static void eightColumns(
      float[] x, int xAt, float[] w, int k, boolean more, float[] out, int outAt) {
    float a = 0;
    float b = 0;
    float c = 0;
    float d = 0;
    float e = 0;
    float f = 0;
    float g = 0;
    float h = 0;
    for (int i = 0, at = 0; i < k; i++, at += WIDTH) {
      float v = x[xAt + i];
      a += v * w[at];
      b += v * w[at + 1];
      c += v * w[at + 2];
      d += v * w[at + 3];
      e += v * w[at + 4];
      f += v * w[at + 5];
      g += v * w[at + 6];
      h += v * w[at + 7];
    }
    out[outAt] = more ? out[outAt] + a : a;
    out[outAt + 1] = more ? out[outAt + 1] + b : b;
    out[outAt + 2] = more ? out[outAt + 2] + c : c;
    out[outAt + 3] = more ? out[outAt + 3] + d : d;
    out[outAt + 4] = more ? out[outAt + 4] + e : e;
    out[outAt + 5] = more ? out[outAt + 5] + f : f;
    out[outAt + 6] = more ? out[outAt + 6] + g : g;
    out[outAt + 7] = more ? out[outAt + 7] + h : h;
  }

  /** As {@link #eightColumns} for a partial panel. */
  private static void fewerColumns(
      float[] x, int xAt, float[] w, int k, boolean more, float[] out, int outAt, int width) {
    for (int n = 0; n < width; n++) {
      float sum = 0;
      for (int i = 0; i < k; i++) {
        sum += x[xAt + i] * w[i * WIDTH + n];
      }
      out[outAt + n] = more ? out[outAt + n] + sum : sum;
    }
  }

  @Override
  public void layerNorm(
      float[] x, int xAt, int n, float[] weight, float[] bias, float eps, float[] out, int outAt) {
    float sum = 0;
    for (int i = 0; i < n; i++) {
      sum += x[xAt + i];
    }
    float mean = sum / n;
    float squares = 0;
    for (int i = 0; i < n; i++) {
      float d = x[xAt + i] - mean;
      squares += d * d;
    }
    float scale = (float) (1 / Math.sqrt(squares / n + eps));
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
    } else {
      for (int i = at; i < at + n; i++) {
        x[i] = Activations.geluTanh(x[i]);
      }
    }
  }

  @Override
  public void softmax(float[] x, int at, int n, float scale) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = at; i < at + n; i++) {
      max = Math.max(max, x[i]);
    }
    float sum = 0;
    for (int i = at; i < at + n; i++) {
      x[i] = Activations.exp(scale * (x[i] - max));
      sum += x[i];
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
}
