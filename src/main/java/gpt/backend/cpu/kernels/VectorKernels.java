package gpt.backend.cpu.kernels;

import static gpt.backend.cpu.kernels.Activations.ERF_LIMIT;
import static gpt.backend.cpu.kernels.Activations.ERF_P0;
import static gpt.backend.cpu.kernels.Activations.ERF_P1;
import static gpt.backend.cpu.kernels.Activations.ERF_P2;
import static gpt.backend.cpu.kernels.Activations.ERF_P3;
import static gpt.backend.cpu.kernels.Activations.ERF_P4;
import static gpt.backend.cpu.kernels.Activations.ERF_P5;
import static gpt.backend.cpu.kernels.Activations.ERF_P6;
import static gpt.backend.cpu.kernels.Activations.ERF_Q0;
import static gpt.backend.cpu.kernels.Activations.ERF_Q1;
import static gpt.backend.cpu.kernels.Activations.ERF_Q2;
import static gpt.backend.cpu.kernels.Activations.ERF_Q3;
import static gpt.backend.cpu.kernels.Activations.ERF_Q4;
import static gpt.backend.cpu.kernels.Activations.EXP0;
import static gpt.backend.cpu.kernels.Activations.EXP1;
import static gpt.backend.cpu.kernels.Activations.EXP2;
import static gpt.backend.cpu.kernels.Activations.EXP3;
import static gpt.backend.cpu.kernels.Activations.EXP4;
import static gpt.backend.cpu.kernels.Activations.EXP5;
import static gpt.backend.cpu.kernels.Activations.EXP_LIMIT;
import static gpt.backend.cpu.kernels.Activations.GELU_CUBIC;
import static gpt.backend.cpu.kernels.Activations.LN2_HIGH;
import static gpt.backend.cpu.kernels.Activations.LN2_LOW;
import static gpt.backend.cpu.kernels.Activations.LOG2_E;
import static gpt.backend.cpu.kernels.Activations.ROUND;
import static gpt.backend.cpu.kernels.Activations.SQRT_2_OVER_PI;
import static gpt.backend.cpu.kernels.Activations.SQRT_HALF;

import gpt.model.Gelu;
import gpt.model.Precision;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The kernels on the Vector API. {@link CpuKernelsProvider} loads this class by name. Only this
 * class and those beside it whose names begin with Vector refer to {@code jdk.incubator.vector};
 * the rest of the program works where that module is not resolved. No method takes or returns a
 * vector: {@link VectorMatmul} says why.
 */
public final class VectorKernels implements CpuKernels {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int L = S.length(); // lanes: floats of a vector
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  /** Per-thread scratch for the lanes of a vector, to sum them in order. */
  private final ThreadLocal<float[]> lanes = ThreadLocal.withInitial(() -> new float[L]);

  private final ThreadLocal<VectorQuantized> quantized =
      ThreadLocal.withInitial(VectorQuantized::new);

  /** Steps over k that are widened together where {@link VectorReducedPrecision} cannot. */
  private static final int SPAN = 256;

  private final ThreadLocal<ScalarUnpacking> unpacking =
      ThreadLocal.withInitial(() -> new ScalarUnpacking(VectorMatmul.WIDTH, SPAN));

  @Override
  public String description() {
    return "Vector API, " + S.vectorBitSize() + "-bit";
  }

  @Override
  public int panelWidth() {
    return VectorMatmul.WIDTH;
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
    VectorMatmul.matmul(
        x, xAt, xStride, rows, w, wAt, panelBytes, k, columns, out, outAt, outStride);
  }

  /** With few rows the weights are widened in registers, without the scratch buffer. */
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
    if (rows == 1 && VectorReducedPrecision.supports(precision)) {
      VectorReducedPrecision.row(precision, x, xAt, w, wAt, panelBytes, k, columns, out, outAt);
      return;
    }
    if (rows <= VectorReducedTiles.MAX_ROWS && VectorReducedPrecision.supports(precision)) {
      VectorReducedTiles.matmul(
          precision, x, xAt, xStride, rows, w, wAt, panelBytes, k, columns, out, outAt, outStride);
      return;
    }
    for (int n = 0; n < columns; n += VectorMatmul.WIDTH) {
      widen(precision, w, wAt + n / VectorMatmul.WIDTH * panelBytes, k, scratch);
      int count = Math.min(VectorMatmul.WIDTH, columns - n);
      matmul(x, xAt, xStride, rows, scratch, 0, 0, k, count, out, outAt + n, outStride);
    }
  }

  /** Widens a panel of {@code k} steps to floats, without the scales of i8. */
  private void widen(Precision precision, MemorySegment w, long wAt, int k, MemorySegment out) {
    if (VectorReducedPrecision.supports(precision)) {
      VectorReducedPrecision.widen(precision, w, wAt, k * VectorMatmul.WIDTH, out);
      return;
    }
    ScalarUnpacking part = unpacking.get();
    for (int i = 0; i < k; i += SPAN) {
      int count = Math.min(SPAN, k - i) * VectorMatmul.WIDTH;
      long from = (long) i * VectorMatmul.WIDTH;
      part.unpack(precision, w, wAt + precision.bytes(from), count / VectorMatmul.WIDTH);
      MemorySegment.copy(part.weights(), 0, out, ValueLayout.JAVA_FLOAT, 4 * from, count);
    }
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
    quantized.get().matmul(form, x, from, rows, w, wAt, panelBytes, columns, out, outAt, outStride);
  }

  @Override
  public void quantize(float[] x, int xAt, QuantizedRows to, int row) {
    quantized.get().quantize(x, xAt, to, row);
  }

  @Override
  public void multiply(float[] x, int xAt, float[] y, int yAt, int n) {
    int i = 0;
    for (; i <= n - L; i += L) {
      FloatVector.fromArray(S, x, xAt + i)
          .mul(FloatVector.fromArray(S, y, yAt + i))
          .intoArray(x, xAt + i);
    }
    for (; i < n; i++) {
      x[xAt + i] *= y[yAt + i];
    }
  }

  @Override
  public void layerNorm(
      float[] x, int xAt, int n, float[] weight, float[] bias, float eps, float[] out, int outAt) {
    float[] lanes = this.lanes.get();
    int bound = S.loopBound(n);
    FloatVector sums = FloatVector.zero(S);
    for (int i = 0; i < bound; i += L) {
      sums = sums.add(FloatVector.fromArray(S, x, xAt + i));
    }
    sums.intoArray(lanes, 0);
    float sum = sum(lanes);
    for (int i = bound; i < n; i++) {
      sum += x[xAt + i];
    }
    float mean = sum / n;
    FloatVector squares = FloatVector.zero(S);
    for (int i = 0; i < bound; i += L) {
      FloatVector d = FloatVector.fromArray(S, x, xAt + i).sub(mean);
      squares = d.fma(d, squares);
    }
    squares.intoArray(lanes, 0);
    float square = sum(lanes);
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
    if (form == Gelu.EXACT) {
      geluExact(x, at, n);
    } else {
      geluTanh(x, at, n);
    }
  }

  /** {@link Activations#geluExact} on vectors. */
  private static void geluExact(float[] x, int at, int n) {
    int bound = at + S.loopBound(n);
    for (int i = at; i < bound; i += L) {
      FloatVector v = FloatVector.fromArray(S, x, i);
      FloatVector c = v.mul(SQRT_HALF).max(-ERF_LIMIT).min(ERF_LIMIT);
      FloatVector s = c.mul(c);
      FloatVector p = s.mul(ERF_P6).add(ERF_P5);
      p = p.mul(s).add(ERF_P4);
      p = p.mul(s).add(ERF_P3);
      p = p.mul(s).add(ERF_P2);
      p = p.mul(s).add(ERF_P1);
      p = p.mul(s).add(ERF_P0);
      FloatVector q = s.mul(ERF_Q4).add(ERF_Q3);
      q = q.mul(s).add(ERF_Q2);
      q = q.mul(s).add(ERF_Q1);
      q = q.mul(s).add(ERF_Q0);
      v.mul(0.5f).mul(c.mul(p).div(q).add(1)).intoArray(x, i);
    }
    for (int i = bound; i < at + n; i++) {
      x[i] = Activations.geluExact(x[i]);
    }
  }

  /** {@link Activations#geluTanh} on vectors. */
  private static void geluTanh(float[] x, int at, int n) {
    int bound = at + S.loopBound(n);
    for (int i = at; i < bound; i += L) {
      FloatVector v = FloatVector.fromArray(S, x, i);
      FloatVector u = v.mul(v).mul(v).mul(GELU_CUBIC).add(v).mul(-2 * SQRT_2_OVER_PI);
      FloatVector c = u.max(-EXP_LIMIT).min(EXP_LIMIT);
      FloatVector shifted = c.mul(LOG2_E).add(ROUND);
      FloatVector m = shifted.sub(ROUND);
      FloatVector r = c.sub(m.mul(LN2_HIGH)).sub(m.mul(LN2_LOW));
      FloatVector p = r.mul(EXP5).add(EXP4);
      p = p.mul(r).add(EXP3);
      p = p.mul(r).add(EXP2);
      p = p.mul(r).add(EXP1);
      p = p.mul(r).add(EXP0);
      FloatVector power =
          shifted
              .reinterpretAsInts()
              .lanewise(VectorOperators.LSHL, 23)
              .add(127 << 23)
              .reinterpretAsFloats();
      FloatVector e = p.mul(r).mul(r).add(r).add(1).mul(power);
      v.div(e.add(1)).intoArray(x, i);
    }
    for (int i = bound; i < at + n; i++) {
      x[i] = Activations.geluTanh(x[i]);
    }
  }

  @Override
  public void softmax(float[] x, int at, int n, float scale) {
    float max = max(x, at, n);
    float inverse = 1 / expSum(x, at, n, max, scale, lanes.get());
    int bound = at + S.loopBound(n);
    for (int i = at; i < bound; i += L) {
      FloatVector.fromArray(S, x, i).mul(inverse).intoArray(x, i);
    }
    for (int i = bound; i < at + n; i++) {
      x[i] *= inverse;
    }
  }

  private static float max(float[] x, int at, int n) {
    int bound = at + S.loopBound(n);
    FloatVector maxima = FloatVector.broadcast(S, Float.NEGATIVE_INFINITY);
    for (int i = at; i < bound; i += L) {
      maxima = maxima.max(FloatVector.fromArray(S, x, i));
    }
    float max = maxima.reduceLanes(VectorOperators.MAX);
    for (int i = bound; i < at + n; i++) {
      max = Math.max(max, x[i]);
    }
    return max;
  }

  /** x = exp(scale · (x − max)); returns their sum. {@link Activations#exp} on vectors. */
  private static float expSum(float[] x, int at, int n, float max, float scale, float[] lanes) {
    int bound = at + S.loopBound(n);
    FloatVector sums = FloatVector.zero(S);
    for (int i = at; i < bound; i += L) {
      FloatVector v = FloatVector.fromArray(S, x, i).sub(max).mul(scale);
      FloatVector c = v.max(-EXP_LIMIT).min(EXP_LIMIT);
      FloatVector shifted = c.mul(LOG2_E).add(ROUND);
      FloatVector m = shifted.sub(ROUND);
      FloatVector r = c.sub(m.mul(LN2_HIGH)).sub(m.mul(LN2_LOW));
      FloatVector p = r.mul(EXP5).add(EXP4);
      p = p.mul(r).add(EXP3);
      p = p.mul(r).add(EXP2);
      p = p.mul(r).add(EXP1);
      p = p.mul(r).add(EXP0);
      // The low bits of shifted are the integer m; shifted into the exponent field they give 2ᵐ.
      FloatVector power =
          shifted
              .reinterpretAsInts()
              .lanewise(VectorOperators.LSHL, 23)
              .add(127 << 23)
              .reinterpretAsFloats();
      FloatVector e = p.mul(r).mul(r).add(r).add(1).mul(power);
      e.intoArray(x, i);
      sums = sums.add(e);
    }
    sums.intoArray(lanes, 0);
    float sum = sum(lanes);
    for (int i = bound; i < at + n; i++) {
      x[i] = Activations.exp(scale * (x[i] - max));
      sum += x[i];
    }
    return sum;
  }

  /**
   * Sum of the lanes, first to last. {@code reduceLanes(ADD)} does not specify the order: compiled
   * code may add in another order than the interpreter, and results would not be reproducible.
   */
  private static float sum(float[] lanes) {
    float sum = 0;
    for (float lane : lanes) {
      sum += lane;
    }
    return sum;
  }

  @Override
  public float sum(MemorySegment w, long at, long bytes) {
    FloatVector a = FloatVector.zero(S);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;
    long stream = bytes / 4;
    for (long i = at; i < at + stream; i += S.vectorByteSize()) {
      a = a.add(FloatVector.fromMemorySegment(S, w, i, ORDER));
      b = b.add(FloatVector.fromMemorySegment(S, w, i + stream, ORDER));
      c = c.add(FloatVector.fromMemorySegment(S, w, i + 2 * stream, ORDER));
      d = d.add(FloatVector.fromMemorySegment(S, w, i + 3 * stream, ORDER));
    }
    return a.add(b).add(c.add(d)).reduceLanes(VectorOperators.ADD);
  }
}
