package gpt.backend.cpu;

import gpt.model.Gelu;
import gpt.model.Precision;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Scalar kernels first, those on the Vector API once they are compiled. HotSpot interprets a method
 * until it is worth compiling, and a kernel on the Vector API then runs some hundred times slower
 * than one in plain Java, and keeps the compiler busy for longer: on a small model a short run is
 * over before that pays. After a budget of work a thread has the vector kernels compiled. Both give
 * the same bits, so that it does not matter when the change comes.
 */
final class TieredKernels implements CpuKernels {
  /**
   * Multiply-adds before the vector kernels are compiled, some 400 tokens of the demo. On two cores
   * one token then took 0.33 s instead of 0.55, 200 tokens 0.60 instead of 1.05, 600 tokens 1.35
   * instead of 1.29, and 2,000 tokens 2.5 instead of 2.0.
   */
  private static final long BUDGET = 1_000_000_000L;

  private final CpuKernels vector;
  private final AtomicLong left;
  private final Thread compiling;
  private volatile CpuKernels now;

  /** Kernels that begin with the twin of these. */
  TieredKernels(CpuKernels vector) {
    this(vector, BUDGET);
  }

  TieredKernels(CpuKernels vector, long budget) {
    this.vector = vector;
    left = new AtomicLong(budget);
    CpuKernels scalar = new ScalarKernels(vector.panelWidth());
    now = scalar;
    compiling = new Thread(() -> compile(scalar), "gpt-warm-up");
    compiling.setDaemon(true);
  }

  private void compile(CpuKernels scalar) {
    if (new WarmUp(vector, Precision.F32).until(scalar)) {
      now = vector;
    }
  }

  /** Whether the vector kernels are used by now. */
  boolean compiled() {
    return now == vector;
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
    CpuKernels kernels = now;
    if (kernels != vector) {
      long work = (long) rows * k * columns;
      long after = left.addAndGet(-work);
      if (after <= 0 && after + work > 0) { // true once
        compiling.start();
        if (rows > 1) {
          waitForCompiler();
        }
      }
    }
    kernels.matmul(x, xAt, xStride, rows, w, wAt, panelBytes, k, columns, out, outAt, outStride);
  }

  /**
   * One token at a time leaves the compiler a core, and it works beside them. Prompts take all
   * cores, and would go on slowly for longer than this takes.
   */
  void waitForCompiler() {
    try {
      compiling.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void widen(Precision precision, MemorySegment w, long wAt, int count, MemorySegment out) {
    now.widen(precision, w, wAt, count, out);
  }

  @Override
  public void multiply(float[] x, int xAt, float[] y, int yAt, int n) {
    now.multiply(x, xAt, y, yAt, n);
  }

  @Override
  public void layerNorm(
      float[] x, int xAt, int n, float[] weight, float[] bias, float eps, float[] out, int outAt) {
    now.layerNorm(x, xAt, n, weight, bias, eps, out, outAt);
  }

  @Override
  public void add(float[] x, int xAt, float[] y, int yAt, int n) {
    now.add(x, xAt, y, yAt, n);
  }

  @Override
  public void gelu(float[] x, int at, int n, Gelu form) {
    now.gelu(x, at, n, form);
  }

  @Override
  public void softmax(float[] x, int at, int n, float scale) {
    now.softmax(x, at, n, scale);
  }

  @Override
  public float sum(MemorySegment w, long at, long bytes) {
    return vector.sum(w, at, bytes);
  }
}
