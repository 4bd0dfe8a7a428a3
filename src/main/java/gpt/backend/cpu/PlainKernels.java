package gpt.backend.cpu;

import gpt.model.Gelu;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The kernels in plain Java, for a JVM that runs without the Vector API. A panel is 8 wide: a row
 * keeps its 8 sums in registers. Loops over neighbouring elements, left to the compiler to turn
 * into vector instructions, ran at half the speed of this: it does not, where two arrays might be
 * one.
 */
final class PlainKernels implements CpuKernels {
  private static final int WIDTH = 8;

  /** Inputs of a panel that are copied to the heap at once: 16 KiB, half a first-level cache. */
  private static final int DEPTH = 512;

  /** A copy for each thread: an array's elements are cheaper to reach than a segment's. */
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
            eight(x, xAt + m * xStride + i, weights, depth, i > 0, out, o);
          } else {
            fewer(x, xAt + m * xStride + i, weights, depth, i > 0, out, o, width);
          }
        }
      }
    }
  }

  /** One row × 1 panel; {@code more} adds to what out holds. */
  private static void eight(
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

  /** As {@link #eight}, for a panel that is cut off. */
  private static void fewer(
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
