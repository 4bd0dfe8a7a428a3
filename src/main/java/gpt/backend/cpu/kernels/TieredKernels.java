package gpt.backend.cpu.kernels;

import gpt.model.Gelu;
import gpt.model.Precision;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Starts with scalar kernels and switches to the vector kernels once the JIT has compiled them.
 * Interpreted, a Vector API kernel is about a hundred times slower than plain Java and takes C2
 * longer to compile; with a small model a short run ends before that pays off. After a budget of
 * FMAs a background thread warms the vector kernels up. Where more are announced, they run from the
 * start. Both give the same bits, so results do not depend on when the switch happens.
 */
public final class TieredKernels implements CpuKernels {
  /**
   * FMAs before the vector kernels are compiled: about 400 tokens of the demo. On two cores 1 token
   * took 0.33 s instead of 0.55 and 200 tokens 0.60 s instead of 1.05; 2,000 tokens that were not
   * announced took 2.5 s instead of 2.0. In the other dtypes both kernels take longer, scalar ones
   * to run and vector ones to compile: 20 tokens took 0.34 to 0.44 of the processor time that they
   * took with vector kernels from the start, and 200 tokens 0.48 to 0.55.
   */
  private static final long BUDGET = 1_000_000_000L;

  private final CpuKernels vector;
  private final long budget;
  private final AtomicLong remaining; // FMAs of the budget
  private final Thread compiling;
  private volatile CpuKernels current;

  /**
   * Starts with scalar kernels of the same bits as the vector kernels.
   *
   * @param warmUp of the vector kernels
   */
  TieredKernels(CpuKernels vector, WarmUp warmUp) {
    this(vector, warmUp, BUDGET);
  }

  TieredKernels(CpuKernels vector, WarmUp warmUp, long budget) {
    this.vector = vector;
    this.budget = budget;
    remaining = new AtomicLong(budget);
    current = new ScalarKernels(vector.panelWidth());
    compiling = new Thread(() -> compile(warmUp), "gpt-warm-up");
    compiling.setDaemon(true);
  }

  private void compile(WarmUp warmUp) {
    if (warmUp.compile()) {
      current = vector;
    }
  }

  /** Whether the switch to the vector kernels has happened. */
  boolean compiled() {
    return current == vector;
  }

  /**
   * Switches at once where one and a half times the budget is announced: from about 550 tokens of
   * the demo on, the vector kernels are faster from the start. To warm them up from the start
   * beside scalar kernels took 1.2 to 1.5 times as long for 600 to 2,000 tokens.
   */
  @Override
  public void expect(long fmas) {
    if (fmas >= budget + budget / 2) {
      current = vector;
    }
  }

  @Override
  public String description() {
    return vector.description();
  }

  @Override
  public int panelWidth() {
    return vector.panelWidth();
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
    kernels(rows, k, columns)
        .matmul(x, xAt, xStride, rows, w, wAt, panelBytes, k, columns, out, outAt, outStride);
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
    kernels(rows, k, columns)
        .mixedPrecisionMatmul(
            precision,
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
            outStride,
            scratch);
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
    kernels(rows, x.k(), columns)
        .quantizedMatmul(form, x, from, rows, w, wAt, panelBytes, columns, out, outAt, outStride);
  }

  /** Kernels for a product. The product that uses up the budget starts the warm-up. */
  private CpuKernels kernels(int rows, int k, int columns) {
    CpuKernels kernels = current;
    if (kernels != vector) {
      long fmas = (long) rows * k * columns;
      long after = remaining.addAndGet(-fmas);
      if (after <= 0 && after + fmas > 0) { // true exactly once
        compiling.start();
        if (rows > 1) {
          waitForCompiler();
        }
      }
    }
    return kernels;
  }

  /**
   * Blocks until the vector kernels are compiled. Prefill uses all cores, so waiting is faster for
   * it. Decode leaves a core to the compiler and runs scalar kernels until then.
   */
  void waitForCompiler() {
    try {
      compiling.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void quantize(float[] x, int xAt, QuantizedRows to, int row) {
    current.quantize(x, xAt, to, row);
  }

  @Override
  public void multiply(float[] x, int xAt, float[] y, int yAt, int n) {
    current.multiply(x, xAt, y, yAt, n);
  }

  @Override
  public void layerNorm(
      float[] x, int xAt, int n, float[] weight, float[] bias, float eps, float[] out, int outAt) {
    current.layerNorm(x, xAt, n, weight, bias, eps, out, outAt);
  }

  @Override
  public void add(float[] x, int xAt, float[] y, int yAt, int n) {
    current.add(x, xAt, y, yAt, n);
  }

  @Override
  public void gelu(float[] x, int at, int n, Gelu form) {
    current.gelu(x, at, n, form);
  }

  @Override
  public void softmax(float[] x, int at, int n, float scale) {
    current.softmax(x, at, n, scale);
  }

  @Override
  public float sum(MemorySegment w, long at, long bytes) {
    return vector.sum(w, at, bytes);
  }
}
