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

  /**
   * Calls before products are timed, which calls them further: their loops have queued them by
   * then, and calls that are not compiled yet take the compiler's time.
   */
  private static final int CALLS_BEFORE_TIMING = 1_500;

  private static final int K = 16;

  /** Of weights, in bytes: a vector of the widest registers. */
  private static final int ALIGNMENT = 64;

  /**
   * More panels than the streams of a row, and several blocks: the kernel of four streams must be
   * compiled too, and a loop that C2 has seen run once only is deoptimized when it runs twice.
   */
  private static final int PANELS = CpuKernels.STREAMS + 1;

  /** K of products with quantized blocks, at least: several blocks. */
  private static final int QUANTIZED_K = 3 * QuantizedRows.CHUNK;

  /** Calls timed together, for a clock of low resolution. */
  private static final int TIMED_CALLS = 20;

  /** K of a timed product: large enough for the call's overhead not to matter. */
  private static final int TIMED_K = 512;

  /**
   * The calls of {@link #awaitDecoding} take a few µs when compiled, and hundreds when interpreted.
   */
  private static final long COMPILED_NANOS = 20_000;

  private static final long PAUSE_MILLIS = 20;

  /** Pauses before giving up: this JVM does not compile the kernels. */
  private static final int MAX_PAUSES = 1_000;

  private final CpuKernels kernels;
  private final Precision precision;
  private final List<DType> quantized;
  private final int width;
  private final float[] x = new float[5 * K];
  private final float[] out;

  WarmUp(CpuKernels kernels, Precision precision, List<DType> quantized) {
    this.kernels = kernels;
    this.precision = precision;
    this.quantized = precision == Precision.Q4 ? List.of(DType.Q4_0) : quantized;
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
    run(CALLS);
    if (precision == Precision.Q4) {
      awaitDecoding();
    }
  }

  /**
   * Calls all kernels.
   *
   * @param calls for each number of rows of a product, and for each of the other kernels
   */
  private void run(int calls) {
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment w = memory.allocate(4L * PANELS * width * K, ALIGNMENT);
      long panelBytes = 4L * width * K;
      // In the order they are needed: prefill's largest tile, decode's one row, then the other
      // tiles.
      for (int rows : new int[] {5, 1, 4, 3, 2}) {
        int columns = (rows == 1 ? PANELS : 2) * width;
        for (int i = 0; i < calls; i++) {
          kernels.matmul(x, 0, K, rows, w, 0, panelBytes, K, columns, out, 0, columns);
        }
      }
      if (quantized.isEmpty() && precision != Precision.F32 && precision != Precision.STORED) {
        MemorySegment scratch = memory.allocate(4L * width * K, ALIGNMENT);
        for (int i = 0; i < CALLS; i++) {
          kernels.mixedPrecisionMatmul(
              precision, x, 0, K, 1, w, 0, 0, K, width, out, 0, width, scratch);
          kernels.widen(precision, w, 0, width, scratch);
        }
      }
      for (DType type : quantized) {
        QuantizedProduct product = new QuantizedProduct(type, memory);
        for (int i = 0; i < CALLS; i++) {
          product.multiply(1);
          product.multiply(5);
          product.multiply(4);
        }
      }
      for (int i = 0; i < calls; i++) {
        kernels.layerNorm(out, 0, width, out, null, 1e-5f, out, width);
        kernels.softmax(out, 0, width, 1);
        kernels.gelu(out, 0, width, Gelu.EXACT);
        kernels.gelu(out, 0, width, Gelu.TANH);
        kernels.add(out, 0, out, width, width);
      }
    }
  }

  /** A small product with quantized blocks. */
  private final class QuantizedProduct {
    private final QuantizedPanel form;
    private final int k;
    private final float[] in;
    private final MemorySegment w;
    private final QuantizedRows one = new QuantizedRows();
    private final QuantizedRows several = new QuantizedRows();

    QuantizedProduct(DType type, Arena memory) {
      form = new QuantizedPanel(type, width);
      k = Math.max(type.block(), QUANTIZED_K);
      in = new float[k];
      w = memory.allocate(PANELS * form.bytes(k), ALIGNMENT);
      one.reset(1, k, form);
      several.reset(QuantizedRows.FEW + 1, k, form);
    }

    void multiply(int rows) {
      QuantizedRows to = rows == 1 ? one : several;
      int columns = (rows == 1 ? PANELS : 1) * width;
      kernels.quantize(in, 0, to, 0);
      kernels.quantizedMatmul(form, to, 0, rows, w, 0, form.bytes(k), columns, out, 0, width);
    }
  }

  /** Waits until the JIT has compiled what decoding in q4 calls. */
  private void awaitDecoding() {
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment w = memory.allocate(4L * width * K, ALIGNMENT);
      QuantizedProduct product = new QuantizedProduct(DType.Q4_0, memory);
      for (int pause = 0; pause < MAX_PAUSES; pause++) {
        for (int i = 0; i < TIMED_CALLS; i++) {
          long began = System.nanoTime();
          product.multiply(1);
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
    run(CALLS_BEFORE_TIMING);
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
