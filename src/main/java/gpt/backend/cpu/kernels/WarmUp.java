package gpt.backend.cpu.kernels;

import gpt.model.DType;
import gpt.model.Gelu;
import gpt.model.Precision;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Consumer;

/**
 * Makes the JIT compile the kernels while the model is being loaded. A Vector API kernel runs about
 * a hundred times slower until C2 has compiled it, and C2 starts only after many calls; without
 * this, GPT-2's first tokens would pay for that. Calls are many and short, so that C2 compiles the
 * method itself and no on-stack replacement (OSR) version of its loop first.
 */
public final class WarmUp {
  /** Calls after which C2 has queued a method: its threshold is 5,000. */
  private static final int CALLS = 6_000;

  private static final int K = 16;

  /** Of weights, in bytes: a vector of the widest registers. */
  private static final int ALIGNMENT = 64;

  /**
   * More panels than the streams of a row, and several blocks: the kernel of four streams must be
   * compiled too, and a loop that C2 has seen run once only is deoptimized when it runs twice.
   */
  private static final int PANELS = CpuKernels.STREAMS + 1;

  private static final int Q4_K = 3 * QuantizedRows.BLOCK;

  /** Calls timed together, for a clock of low resolution. */
  private static final int TIMED_CALLS = 20;

  /** K of a timed product: large enough for the call's overhead not to matter. */
  private static final int TIMED_K = 512;

  /** The calls of {@link #awaitQ4} take a few µs when compiled, and hundreds when interpreted. */
  private static final long COMPILED_NANOS = 20_000;

  private static final long PAUSE_MILLIS = 20;

  /** Pauses before giving up: this JVM does not compile the kernels. */
  private static final int MAX_PAUSES = 1_000;

  private final CpuKernels kernels;
  private final Precision precision;
  private final List<DType> quantized;
  private final int width;
  private final float[] x = new float[Math.max(5 * K, Q4_K)];
  private final float[] out;

  WarmUp(CpuKernels kernels, Precision precision, List<DType> quantized) {
    this.kernels = kernels;
    this.precision = precision;
    this.quantized = quantized;
    width = kernels.panelWidth();
    out = new float[2 * 5 * width];
  }

  /**
   * Starts the warm-up on a daemon thread, and returns it.
   *
   * @param quantized types of quantized matrices that stay as they are
   */
  public static Thread start(CpuKernels kernels, Precision precision, List<DType> quantized) {
    WarmUp warmUp = new WarmUp(kernels, precision, quantized);
    Thread thread = new Thread(warmUp::start, "gpt-warm-up");
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private void start() {
    run();
    if (precision == Precision.Q4) {
      awaitQ4();
    }
  }

  private void run() {
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment w = memory.allocate(4L * PANELS * width * K, ALIGNMENT);
      long panelBytes = 4L * width * K;
      // In the order they are needed: prefill's largest tile, decode's one row, then the other
      // tiles.
      for (int rows : new int[] {5, 1, 4, 3, 2}) {
        int columns = (rows == 1 ? PANELS : 2) * width;
        for (int i = 0; i < CALLS; i++) {
          kernels.matmul(x, 0, K, rows, w, 0, panelBytes, K, columns, out, 0, columns);
        }
      }
      if (precision == Precision.Q4) {
        warmQ4(memory.allocate(Precision.Q4.bytes((long) PANELS * Q4_K * width), ALIGNMENT));
      } else if (precision != Precision.F32 && precision != Precision.STORED) {
        MemorySegment scratch = memory.allocate(4L * width * K, ALIGNMENT);
        for (int i = 0; i < CALLS; i++) {
          kernels.mixedPrecisionMatmul(
              precision, x, 0, K, 1, w, 0, 0, K, width, out, 0, width, scratch);
          kernels.widen(precision, w, 0, width, scratch);
        }
      }
      quantized.forEach(type -> warmQuantized(type, memory));
      for (int i = 0; i < CALLS; i++) {
        kernels.layerNorm(out, 0, width, out, null, 1e-5f, out, width);
        kernels.softmax(out, 0, width, 1);
        kernels.gelu(out, 0, width, Gelu.EXACT);
        kernels.gelu(out, 0, width, Gelu.TANH);
        kernels.add(out, 0, out, width, width);
      }
    }
  }

  private void warmQuantized(DType type, Arena memory) {
    QuantizedPanel form = new QuantizedPanel(type, width);
    int k = type.block();
    long bytes = form.bytes(k);
    MemorySegment w = memory.allocate(4 * bytes, ALIGNMENT);
    float[] in = new float[k];
    float[] result = new float[4 * width];
    PlaneRows rows = new PlaneRows();
    rows.reset(1, k, form);
    for (int i = 0; i < CALLS; i++) {
      rows.quantize(in, 0, 0, form);
      kernels.quantizedMatmul(form, rows, 0, 1, w, 0, bytes, 4 * width, result, 0, 0);
    }
  }

  private void warmQ4(MemorySegment w) {
    QuantizedRows rows = new QuantizedRows();
    rows.reset(5, Q4_K);
    long bytes = Precision.Q4.bytes((long) Q4_K * width);
    for (int i = 0; i < CALLS; i++) {
      kernels.quantize(x, 0, rows, 0);
      kernels.q4Matmul(rows, 0, 1, w, 0, bytes, PANELS * width, out, 0, width);
      kernels.q4Matmul(rows, 0, 5, w, 0, bytes, width, out, 0, width);
      kernels.q4Matmul(rows, 0, 4, w, 0, bytes, width, out, 0, width);
    }
  }

  /** Waits until the JIT has compiled what decoding in q4 calls. */
  private void awaitQ4() {
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment w = memory.allocate(4L * width * K, ALIGNMENT);
      QuantizedRows rows = new QuantizedRows();
      rows.reset(1, Q4_K);
      long bytes = Precision.Q4.bytes((long) Q4_K * width);
      MemorySegment q4 = memory.allocate(PANELS * bytes, ALIGNMENT);
      for (int pause = 0; pause < MAX_PAUSES; pause++) {
        for (int i = 0; i < TIMED_CALLS; i++) {
          long began = System.nanoTime();
          kernels.quantize(x, 0, rows, 0);
          kernels.q4Matmul(rows, 0, 1, q4, 0, bytes, PANELS * width, out, 0, width);
          kernels.matmul(x, 0, K, 1, w, 0, 0, K, width, out, 0, width);
          kernels.layerNorm(out, 0, width, out, null, 1e-5f, out, width);
          kernels.softmax(out, 0, width, 1);
          kernels.gelu(out, 0, width, Gelu.EXACT);
          kernels.add(out, 0, out, width, width);
          if (System.nanoTime() - began < COMPILED_NANOS) {
            return;
          }
        }
        Thread.sleep(PAUSE_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Calls the kernels and waits until their products are at least as fast as the scalar ones. The
   * JIT compiles in background threads and has no API to ask whether it is done, so the products
   * are timed; the other kernels are a small part of the work.
   *
   * @return false where they stay slower, as with {@code -Xint}
   */
  boolean compileUntilFasterThan(CpuKernels scalar) {
    run();
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment w = memory.allocate(4L * PANELS * width * TIMED_K, ALIGNMENT);
      for (int pause = 0; pause < MAX_PAUSES; pause++) {
        if (faster(scalar, w)) {
          return true;
        }
        Thread.sleep(PAUSE_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return false;
  }

  private boolean faster(CpuKernels scalar, MemorySegment w) {
    float[] in = new float[5 * TIMED_K];
    long bytes = 4L * width * TIMED_K;
    for (int rows : new int[] {1, 2, 3, 4, 5}) {
      int columns = (rows == 1 ? PANELS : 2) * width;
      if (!faster(
          scalar,
          k -> k.matmul(in, 0, TIMED_K, rows, w, 0, bytes, TIMED_K, columns, out, 0, columns))) {
        return false;
      }
    }
    return true;
  }

  private boolean faster(CpuKernels scalar, Consumer<CpuKernels> call) {
    return nanos(kernels, call) <= nanos(scalar, call);
  }

  private static long nanos(CpuKernels kernels, Consumer<CpuKernels> call) {
    long began = System.nanoTime();
    for (int i = 0; i < TIMED_CALLS; i++) {
      call.accept(kernels);
    }
    return System.nanoTime() - began;
  }
}
