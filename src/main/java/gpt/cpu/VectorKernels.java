package gpt.cpu;

import static gpt.cpu.Activations.ERF_LIMIT;
import static gpt.cpu.Activations.ERF_P;
import static gpt.cpu.Activations.ERF_Q;
import static gpt.cpu.Activations.EXP;
import static gpt.cpu.Activations.EXP_LIMIT;
import static gpt.cpu.Activations.GELU_CUBIC;
import static gpt.cpu.Activations.LN2_HIGH;
import static gpt.cpu.Activations.LN2_LOW;
import static gpt.cpu.Activations.LOG2_E;
import static gpt.cpu.Activations.ROUND;
import static gpt.cpu.Activations.SQRT_2_OVER_PI;
import static gpt.cpu.Activations.SQRT_HALF;

import gpt.model.Gelu;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The kernels on the Vector API. The only class that names {@code jdk.incubator.vector}: {@link
 * CpuKernelsProvider} loads it by name, and where the module is not resolved the rest works
 * without.
 *
 * <p>A panel is two vectors wide. Several rows use register tiles of 6 rows × 2 vectors: 12
 * accumulators hide the latency of the multiply-add and leave four of AVX2's 16 registers for the
 * operands. One row (decode) is bound by memory, so it is read in four streams: see {@link #one}.
 */
final class VectorKernels implements CpuKernels {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int L = S.length();
  private static final int WIDTH = 2 * L;
  private static final long VECTOR = 4L * L;
  private static final long STEP = 2 * VECTOR;
  private static final FloatVector ZERO = FloatVector.zero(S);

  @Override
  public String description() {
    return "Vector API, " + S.vectorBitSize() + "-bit";
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
    for (int n = 0; n < columns; n += WIDTH) {
      long panel = wAt + n / WIDTH * panelBytes;
      int width = Math.min(WIDTH, columns - n);
      int m = 0;
      for (; m + 6 <= rows; m += 6) {
        six(
            x,
            xAt + m * xStride,
            xStride,
            w,
            panel,
            k,
            out,
            outAt + m * outStride + n,
            outStride,
            width);
      }
      if (m + 3 <= rows) {
        three(
            x,
            xAt + m * xStride,
            xStride,
            w,
            panel,
            k,
            out,
            outAt + m * outStride + n,
            outStride,
            width);
        m += 3;
      }
      for (; m < rows; m++) {
        one(x, xAt + m * xStride, w, panel, k, out, outAt + m * outStride + n, width);
      }
    }
  }

  /** A tile of 6 rows × 1 panel. */
  private static void six(
      float[] x,
      int xAt,
      int xStride,
      MemorySegment w,
      long wAt,
      int k,
      float[] out,
      int outAt,
      int outStride,
      int width) {
    FloatVector a0 = ZERO;
    FloatVector a1 = ZERO;
    FloatVector b0 = ZERO;
    FloatVector b1 = ZERO;
    FloatVector c0 = ZERO;
    FloatVector c1 = ZERO;
    FloatVector d0 = ZERO;
    FloatVector d1 = ZERO;
    FloatVector e0 = ZERO;
    FloatVector e1 = ZERO;
    FloatVector f0 = ZERO;
    FloatVector f1 = ZERO;
    int xb = xAt + xStride;
    int xc = xb + xStride;
    int xd = xc + xStride;
    int xe = xd + xStride;
    int xf = xe + xStride;
    long at = wAt;
    for (int i = 0; i < k; i++) {
      FloatVector w0 = load(w, at);
      FloatVector w1 = load(w, at + VECTOR);
      at += STEP;
      FloatVector v = splat(x[xAt + i]);
      a0 = w0.fma(v, a0);
      a1 = w1.fma(v, a1);
      v = splat(x[xb + i]);
      b0 = w0.fma(v, b0);
      b1 = w1.fma(v, b1);
      v = splat(x[xc + i]);
      c0 = w0.fma(v, c0);
      c1 = w1.fma(v, c1);
      v = splat(x[xd + i]);
      d0 = w0.fma(v, d0);
      d1 = w1.fma(v, d1);
      v = splat(x[xe + i]);
      e0 = w0.fma(v, e0);
      e1 = w1.fma(v, e1);
      v = splat(x[xf + i]);
      f0 = w0.fma(v, f0);
      f1 = w1.fma(v, f1);
    }
    store(a0, a1, out, outAt, width);
    store(b0, b1, out, outAt + outStride, width);
    store(c0, c1, out, outAt + 2 * outStride, width);
    store(d0, d1, out, outAt + 3 * outStride, width);
    store(e0, e1, out, outAt + 4 * outStride, width);
    store(f0, f1, out, outAt + 5 * outStride, width);
  }

  /** A tile of 3 rows × 1 panel, for what six leaves over. */
  private static void three(
      float[] x,
      int xAt,
      int xStride,
      MemorySegment w,
      long wAt,
      int k,
      float[] out,
      int outAt,
      int outStride,
      int width) {
    FloatVector a0 = ZERO;
    FloatVector a1 = ZERO;
    FloatVector b0 = ZERO;
    FloatVector b1 = ZERO;
    FloatVector c0 = ZERO;
    FloatVector c1 = ZERO;
    int xb = xAt + xStride;
    int xc = xb + xStride;
    long at = wAt;
    for (int i = 0; i < k; i++) {
      FloatVector w0 = load(w, at);
      FloatVector w1 = load(w, at + VECTOR);
      at += STEP;
      FloatVector v = splat(x[xAt + i]);
      a0 = w0.fma(v, a0);
      a1 = w1.fma(v, a1);
      v = splat(x[xb + i]);
      b0 = w0.fma(v, b0);
      b1 = w1.fma(v, b1);
      v = splat(x[xc + i]);
      c0 = w0.fma(v, c0);
      c1 = w1.fma(v, c1);
    }
    store(a0, a1, out, outAt, width);
    store(b0, b1, out, outAt + outStride, width);
    store(c0, c1, out, outAt + 2 * outStride, width);
  }

  /**
   * One row × 1 panel. The panel's K inputs are read as four streams, a quarter of the panel apart:
   * one core keeps more cache lines in flight for several streams than for one (measured: 1.4 times
   * the bandwidth of a sum over one stream).
   */
  private static void one(
      float[] x, int xAt, MemorySegment w, long wAt, int k, float[] out, int outAt, int width) {
    FloatVector a0 = ZERO;
    FloatVector a1 = ZERO;
    FloatVector b0 = ZERO;
    FloatVector b1 = ZERO;
    FloatVector c0 = ZERO;
    FloatVector c1 = ZERO;
    FloatVector d0 = ZERO;
    FloatVector d1 = ZERO;
    int quarter = k >> 2;
    long stream = quarter * STEP;
    int xb = xAt + quarter;
    int xc = xb + quarter;
    int xd = xc + quarter;
    long at = wAt;
    for (int i = 0; i < quarter; i++) {
      FloatVector v = splat(x[xAt + i]);
      a0 = load(w, at).fma(v, a0);
      a1 = load(w, at + VECTOR).fma(v, a1);
      v = splat(x[xb + i]);
      b0 = load(w, at + stream).fma(v, b0);
      b1 = load(w, at + stream + VECTOR).fma(v, b1);
      v = splat(x[xc + i]);
      c0 = load(w, at + 2 * stream).fma(v, c0);
      c1 = load(w, at + 2 * stream + VECTOR).fma(v, c1);
      v = splat(x[xd + i]);
      d0 = load(w, at + 3 * stream).fma(v, d0);
      d1 = load(w, at + 3 * stream + VECTOR).fma(v, d1);
      at += STEP;
    }
    at = wAt + 4 * stream;
    for (int i = 4 * quarter; i < k; i++) {
      FloatVector v = splat(x[xAt + i]);
      a0 = load(w, at).fma(v, a0);
      a1 = load(w, at + VECTOR).fma(v, a1);
      at += STEP;
    }
    store(a0.add(b0).add(c0.add(d0)), a1.add(b1).add(c1.add(d1)), out, outAt, width);
  }

  private static FloatVector load(MemorySegment w, long at) {
    return FloatVector.fromMemorySegment(S, w, at, ORDER);
  }

  private static FloatVector splat(float value) {
    return FloatVector.broadcast(S, value);
  }

  private static void store(FloatVector v0, FloatVector v1, float[] out, int at, int width) {
    if (width == WIDTH) {
      v0.intoArray(out, at);
      v1.intoArray(out, at + L);
    } else {
      v0.intoArray(out, at, S.indexInRange(0, width));
      if (width > L) {
        v1.intoArray(out, at + L, S.indexInRange(L, width));
      }
    }
  }

  @Override
  public void layerNorm(
      float[] x, int xAt, int n, float[] weight, float[] bias, float eps, float[] out, int outAt) {
    int bound = S.loopBound(n);
    FloatVector sums = ZERO;
    for (int i = 0; i < bound; i += L) {
      sums = sums.add(FloatVector.fromArray(S, x, xAt + i));
    }
    float sum = sums.reduceLanes(VectorOperators.ADD);
    for (int i = bound; i < n; i++) {
      sum += x[xAt + i];
    }
    float mean = sum / n;
    FloatVector squares = ZERO;
    for (int i = 0; i < bound; i += L) {
      FloatVector d = FloatVector.fromArray(S, x, xAt + i).sub(mean);
      squares = d.fma(d, squares);
    }
    float square = squares.reduceLanes(VectorOperators.ADD);
    for (int i = bound; i < n; i++) {
      float d = x[xAt + i] - mean;
      square += d * d;
    }
    float scale = (float) (1 / Math.sqrt(square / n + eps));
    for (int i = 0; i < bound; i += L) {
      FloatVector y = FloatVector.fromArray(S, x, xAt + i).sub(mean).mul(scale);
      y = y.mul(FloatVector.fromArray(S, weight, i));
      if (bias != null) {
        y = y.add(FloatVector.fromArray(S, bias, i));
      }
      y.intoArray(out, outAt + i);
    }
    for (int i = bound; i < n; i++) {
      float y = (x[xAt + i] - mean) * scale * weight[i];
      out[outAt + i] = bias == null ? y : y + bias[i];
    }
  }

  @Override
  public void add(float[] x, int xAt, float[] y, int yAt, int n) {
    int bound = S.loopBound(n);
    for (int i = 0; i < bound; i += L) {
      FloatVector.fromArray(S, x, xAt + i)
          .add(FloatVector.fromArray(S, y, yAt + i))
          .intoArray(x, xAt + i);
    }
    for (int i = bound; i < n; i++) {
      x[xAt + i] += y[yAt + i];
    }
  }

  @Override
  public void gelu(float[] x, int at, int n, Gelu form) {
    int bound = at + S.loopBound(n);
    if (form == Gelu.EXACT) {
      for (int i = at; i < bound; i += L) {
        FloatVector v = FloatVector.fromArray(S, x, i);
        v.mul(0.5f).mul(erf(v.mul(SQRT_HALF)).add(1)).intoArray(x, i);
      }
      for (int i = bound; i < at + n; i++) {
        x[i] = Activations.geluExact(x[i]);
      }
    } else {
      for (int i = at; i < bound; i += L) {
        FloatVector v = FloatVector.fromArray(S, x, i);
        FloatVector u = v.mul(v).mul(v).mul(GELU_CUBIC).add(v).mul(SQRT_2_OVER_PI);
        v.div(exp(u.mul(-2)).add(1)).intoArray(x, i);
      }
      for (int i = bound; i < at + n; i++) {
        x[i] = Activations.geluTanh(x[i]);
      }
    }
  }

  @Override
  public void softmax(float[] x, int at, int n, float scale) {
    int bound = at + S.loopBound(n);
    int end = at + n;
    FloatVector maxima = FloatVector.broadcast(S, Float.NEGATIVE_INFINITY);
    for (int i = at; i < bound; i += L) {
      maxima = maxima.max(FloatVector.fromArray(S, x, i));
    }
    float max = maxima.reduceLanes(VectorOperators.MAX);
    for (int i = bound; i < end; i++) {
      max = Math.max(max, x[i]);
    }
    FloatVector sums = ZERO;
    for (int i = at; i < bound; i += L) {
      FloatVector e = exp(FloatVector.fromArray(S, x, i).sub(max).mul(scale));
      e.intoArray(x, i);
      sums = sums.add(e);
    }
    float sum = sums.reduceLanes(VectorOperators.ADD);
    for (int i = bound; i < end; i++) {
      x[i] = Activations.exp(scale * (x[i] - max));
      sum += x[i];
    }
    float inverse = 1 / sum;
    for (int i = at; i < bound; i += L) {
      FloatVector.fromArray(S, x, i).mul(inverse).intoArray(x, i);
    }
    for (int i = bound; i < end; i++) {
      x[i] *= inverse;
    }
  }

  /** {@link Activations#exp}, lane by lane. */
  private static FloatVector exp(FloatVector x) {
    FloatVector c = x.max(-EXP_LIMIT).min(EXP_LIMIT);
    FloatVector shifted = c.mul(LOG2_E).add(ROUND);
    FloatVector n = shifted.sub(ROUND);
    FloatVector r = c.sub(n.mul(LN2_HIGH)).sub(n.mul(LN2_LOW));
    FloatVector p = horner(EXP, r);
    // The low bits of shifted are the integer n: moved into the exponent they make 2ⁿ.
    FloatVector power =
        shifted
            .reinterpretAsInts()
            .lanewise(VectorOperators.LSHL, 23)
            .add(127 << 23)
            .reinterpretAsFloats();
    return p.fma(r.mul(r), r).add(1).mul(power);
  }

  /** {@link Activations#erf}, lane by lane. */
  private static FloatVector erf(FloatVector x) {
    FloatVector c = x.max(-ERF_LIMIT).min(ERF_LIMIT);
    FloatVector s = c.mul(c);
    return c.mul(horner(ERF_P, s)).div(horner(ERF_Q, s));
  }

  private static FloatVector horner(float[] coefficients, FloatVector x) {
    FloatVector p = FloatVector.broadcast(S, coefficients[0]);
    for (int i = 1; i < coefficients.length; i++) {
      p = p.fma(x, splat(coefficients[i]));
    }
    return p;
  }
}
