package gpt.cpu;

import gpt.model.Gelu;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The kernels in plain Java, for a JVM that runs without the Vector API. The innermost loops go
 * over neighbouring elements of arrays, which HotSpot's C2 turns into vector instructions by
 * itself.
 */
final class PlainKernels implements CpuKernels {
  /**
   * Wide enough for the compiler's vector loop to pay, narrow enough not to pad small models much.
   */
  private static final int WIDTH = 64;

  /**
   * Inputs whose weights are copied to the heap at once; 16 · 64 floats stay in the first cache.
   */
  private static final int BLOCK = 16;

  /** One buffer a thread: C2 vectorises loops over arrays more readily than over segments. */
  private final ThreadLocal<float[]> block =
      ThreadLocal.withInitial(() -> new float[BLOCK * WIDTH]);

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
    float[] weights = block.get();
    for (int n = 0; n < columns; n += WIDTH) {
      int width = Math.min(WIDTH, columns - n);
      long panelAt = wAt + n / WIDTH * panelBytes;
      for (int m = 0; m < rows; m++) {
        int o = outAt + m * outStride + n;
        Arrays.fill(out, o, o + width, 0);
      }
      for (int k0 = 0; k0 < k; k0 += BLOCK) {
        int depth = Math.min(BLOCK, k - k0);
        long at = panelAt + 4L * k0 * WIDTH;
        MemorySegment.copy(w, ValueLayout.JAVA_FLOAT, at, weights, 0, depth * WIDTH);
        for (int m = 0; m < rows; m++) {
          int xRow = xAt + m * xStride + k0;
          int o = outAt + m * outStride + n;
          for (int i = 0; i < depth; i++) {
            axpy(x[xRow + i], weights, i * WIDTH, out, o, width);
          }
        }
      }
    }
  }

  /** out += a · w over n values. */
  private static void axpy(float a, float[] w, int wAt, float[] out, int outAt, int n) {
    for (int i = 0; i < n; i++) {
      out[outAt + i] += a * w[wAt + i];
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
  public void add(float[] x, int xAt, float[] y, int yAt, int n) {
    for (int i = 0; i < n; i++) {
      x[xAt + i] += y[yAt + i];
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
}
