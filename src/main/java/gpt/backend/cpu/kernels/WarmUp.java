package gpt.backend.cpu.kernels;

import gpt.model.DType;
import gpt.model.Gelu;
import gpt.model.Precision;
import gpt.model.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Makes the JIT compile the vector kernels that a model uses. A Vector API kernel runs about a
 * hundred times slower until C2 has compiled it, and C2 starts only after many calls; without this,
 * GPT-2's first tokens would pay for that. Calls are many and short, so that C2 compiles the method
 * itself and no on-stack replacement (OSR) version of its loop first.
 */
public final class WarmUp {
  /**
   * Calls after which C2 has queued most methods: 900 with 16 and more iterations of a loop in
   * each. More would take the compiler's time.
   */
  private static final int CALLS = 1_500;

  /** Calls of a product that is still slow, after each pause. */
  private static final int FURTHER_CALLS = 100;

  private static final int K = 16;

  /** Of weights, in bytes: a vector of the widest registers. */
  private static final int ALIGNMENT = 64;

  /**
   * More panels than the streams of a row, and several blocks: the kernel of four streams must be
   * compiled too, and a loop that C2 has seen run once only is deoptimized when it runs twice.
   */
  private static final int PANELS = CpuKernels.STREAMS + 1;

  /** K of products with quantized blocks, at least: several blocks. */
  private static final int QUANTIZED_K = 2 * QuantizedRows.CHUNK;

  /** Calls timed together, for a clock of low resolution. */
  private static final int TIMED_CALLS = 20;

  /** K of a timed product: large enough for the call's overhead not to matter. */
  private static final int TIMED_K = 256;

  /** Rows of the products in the order they are needed: decode's one, then prefill's tiles. */
  private static final int[] ROWS = {1, 5, 4, 3, 2};

  /** Rows that reduced precisions have kernels for: one, a tile, and panels widened in memory. */
  private static final int[] MIXED_ROWS = {1, 4, 17};

  private static final int MAX_ROWS = 17;

  private static final long PAUSE_MILLIS = 20;

  /** Pauses before giving up: this JVM does not compile the kernels. */
  private static final int MAX_PAUSES = 1_000;

  private final CpuKernels kernels;
  private final CpuKernels scalar;
  private final Set<Precision> mixed = new TreeSet<>();
  private final Set<DType> quantized = new TreeSet<>();
  private final int width;
  private final float[] values;
  private final float[] out;

  /**
   * For matrices in some precisions.
   *
   * @param kernels vector kernels
   * @param matrices the weights, which {@code precision} makes
   */
  public WarmUp(CpuKernels kernels, Precision precision, List<Tensor> matrices) {
    this.kernels = kernels;
    for (Tensor matrix : matrices) {
      switch (precision.of(matrix)) {
        case F32 -> {}
        case Q4 -> quantized.add(DType.Q4_0);
        case STORED -> quantized.add(matrix.dtype());
        case Precision reduced -> mixed.add(reduced);
      }
    }
    width = kernels.panelWidth();
    scalar = new ScalarKernels(width);
    values = new float[MAX_ROWS * Math.max(TIMED_K, 2 * width)];
    out = new float[MAX_ROWS * PANELS * width];
  }

  /** Starts the warm-up on a daemon thread, and returns it. */
  public Thread start() {
    Thread thread = new Thread(this::compile, "gpt-warm-up");
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  /**
   * Calls the kernels and waits until their products are at least as fast as the scalar ones. The
   * JIT compiles in background threads and has no API to ask whether it is done, so the products
   * are timed; the other kernels are a small part of the work.
   *
   * @return false where they stay slower, as with {@code -Xint}
   */
  boolean compile() {
    try (Arena memory = Arena.ofConfined()) {
      List<Consumer<CpuKernels>> calls = products(K, memory);
      List<Consumer<CpuKernels>> timed = products(TIMED_K, memory);
      calls.forEach(call -> call(kernels, call, CALLS));
      call(kernels, this::rowOperations, CALLS);
      for (int pause = 0; pause < MAX_PAUSES; pause++) {
        for (int i = timed.size() - 1; i >= 0; i--) {
          if (isFaster(timed.get(i))) {
            timed.remove(i);
            calls.remove(i);
          } else {
            call(kernels, calls.get(i), FURTHER_CALLS);
          }
        }
        if (timed.isEmpty()) {
          return true;
        }
        Thread.sleep(PAUSE_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return false;
  }

  private static void call(CpuKernels kernels, Consumer<CpuKernels> call, int times) {
    for (int i = 0; i < times; i++) {
      call.accept(kernels);
    }
  }

  /** Whether calls take no longer than the scalar kernels'; ends as soon as they have. */
  private boolean isFaster(Consumer<CpuKernels> call) {
    long began = System.nanoTime();
    call(scalar, call, TIMED_CALLS);
    long limit = System.nanoTime() - began;
    began = System.nanoTime();
    for (int i = 0; i < TIMED_CALLS; i++) {
      call.accept(kernels);
      if (System.nanoTime() - began > limit) {
        return false;
      }
    }
    return true;
  }

  /** The products that the model uses, with sums of {@code k} products. */
  private List<Consumer<CpuKernels>> products(int k, Arena memory) {
    List<Consumer<CpuKernels>> products = new ArrayList<>();
    MemorySegment w = memory.allocate(4L * PANELS * width * k, ALIGNMENT);
    MemorySegment scratch = memory.allocate(4L * width * k, ALIGNMENT);
    long bytes = 4L * width * k; // of a panel; those of lower precisions are less
    for (DType type : quantized) {
      products.add(quantized(type, 1, k, memory));
    }
    for (int rows : MIXED_ROWS) {
      int n = columns(rows);
      for (Precision p : mixed) {
        products.add(
            each ->
                each.mixedPrecisionMatmul(
                    p, values, 0, k, rows, w, 0, bytes, k, n, out, 0, n, scratch));
      }
    }
    for (int rows : ROWS) {
      int n = columns(rows);
      products.add(each -> each.matmul(values, 0, k, rows, w, 0, bytes, k, n, out, 0, n));
    }
    for (DType type : quantized) {
      products.add(quantized(type, 5, k, memory));
      products.add(quantized(type, 4, k, memory));
    }
    return products;
  }

  private int columns(int rows) {
    return (rows == 1 ? PANELS : 2) * width;
  }

  /** A product with quantized blocks, of at least {@code k} steps. */
  private Consumer<CpuKernels> quantized(DType type, int rows, int least, Arena memory) {
    QuantizedPanel form = new QuantizedPanel(type, width);
    int k = Math.max(type.block(), Math.max(QUANTIZED_K, least));
    MemorySegment w = memory.allocate(PANELS * form.bytes(k), ALIGNMENT);
    QuantizedRows x = new QuantizedRows();
    // The kernel depends on how many rows there is room for, not on how many are multiplied.
    x.reset(rows == 1 ? 1 : QuantizedRows.FEW + 1, k, form);
    int n = columns(rows);
    return each -> {
      each.quantize(values, 0, x, 0);
      each.quantizedMatmul(form, x, 0, rows, w, 0, form.bytes(k), n, out, 0, n);
    };
  }

  private void rowOperations(CpuKernels each) {
    each.layerNorm(values, 0, width, values, null, 1e-5f, out, 0);
    each.softmax(out, 0, width, 1);
    each.gelu(out, 0, width, Gelu.EXACT);
    each.gelu(out, 0, width, Gelu.TANH);
    each.add(out, 0, values, 0, width);
    each.multiply(out, 0, values, 0, width);
  }
}
