package gpt.backend.cpu;

import gpt.model.Gelu;
import gpt.model.Precision;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/**
 * Has the kernels compiled while a model is still being loaded. A kernel on the Vector API runs
 * some hundred times slower until HotSpot's C2 has compiled it, and the compiler only starts once a
 * method has been called often: without this, GPT-2's first tokens pay for it. Calls are many and
 * short, so that the method itself is compiled and not first a version for the middle of a loop.
 */
final class WarmUp {
  /**
   * Calls after which C2 has been asked for whatever is called; more than its threshold of 5,000.
   */
  private static final int CALLS = 6_000;

  private static final int K = 16;

  /** Calls timed together, so that a clock of low resolution will do. */
  private static final int TIMED = 20;

  /** Inputs of a product that is timed: enough for the call itself not to count. */
  private static final int TIMED_K = 512;

  private static final long PAUSE_MILLIS = 20;

  /** Pauses after which it is given up: this JVM does not compile them. */
  private static final int PAUSES = 1_000;

  private final CpuKernels kernels;
  private final Precision precision;
  private final int width;
  private final float[] x = new float[5 * K];
  private final float[] out;

  WarmUp(CpuKernels kernels, Precision precision) {
    this.kernels = kernels;
    this.precision = precision;
    width = kernels.panelWidth();
    out = new float[5 * width];
  }

  /** Begins in a thread of its own, which ends by itself and keeps no process alive. */
  static void start(CpuKernels kernels, Precision precision) {
    Thread thread = new Thread(new WarmUp(kernels, precision)::run, "gpt-warm-up");
    thread.setDaemon(true);
    thread.start();
  }

  private void run() {
    try (NativeMemory memory = new NativeMemory()) {
      MemorySegment w = memory.allocate(PackedMatrix.bytes(width, K, width));
      // The order of need: the prompt's tiles, then those of decode.
      for (int rows : new int[] {5, 1, 4, 3, 2}) {
        for (int i = 0; i < CALLS; i++) {
          kernels.matmul(x, 0, K, rows, w, 0, 0, K, width, out, 0, width);
        }
      }
      if (precision != Precision.F32) {
        MemorySegment scratch = memory.allocate(PackedMatrix.bytes(width, K, width));
        for (int i = 0; i < CALLS; i++) {
          kernels.narrowMatmul(precision, x, 0, K, 1, w, 0, 0, K, width, out, 0, width, scratch);
          kernels.widen(precision, w, 0, width, scratch);
        }
      }
      for (int i = 0; i < CALLS; i++) {
        kernels.layerNorm(out, 0, width, out, null, 1e-5f, out, width);
        kernels.softmax(out, 0, width, 1);
        kernels.gelu(out, 0, width, Gelu.EXACT);
        kernels.gelu(out, 0, width, Gelu.TANH);
        kernels.add(out, 0, out, width, width);
      }
    }
  }

  /**
   * Has the kernels compiled and waits until the products are at least as fast as their twins: the
   * compiler works in threads of its own, and there is no other way to ask whether it is done. The
   * other kernels are a small part of the work.
   *
   * @return false where they do not get there, as with {@code -Xint}
   */
  boolean until(CpuKernels twin) {
    run();
    try (NativeMemory memory = new NativeMemory()) {
      MemorySegment w = memory.allocate(PackedMatrix.bytes(width, TIMED_K, width));
      for (int pause = 0; pause < PAUSES; pause++) {
        if (faster(twin, w)) {
          return true;
        }
        Thread.sleep(PAUSE_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // given up
    }
    return false;
  }

  private boolean faster(CpuKernels twin, MemorySegment w) {
    float[] in = new float[5 * TIMED_K];
    for (int rows : new int[] {1, 2, 3, 4, 5}) {
      if (!faster(
          twin, k -> k.matmul(in, 0, TIMED_K, rows, w, 0, 0, TIMED_K, width, out, 0, width))) {
        return false;
      }
    }
    return true;
  }

  private boolean faster(CpuKernels twin, Consumer<CpuKernels> call) {
    return nanos(kernels, call) <= nanos(twin, call);
  }

  private static long nanos(CpuKernels kernels, Consumer<CpuKernels> call) {
    long began = System.nanoTime();
    for (int i = 0; i < TIMED; i++) {
      call.accept(kernels);
    }
    return System.nanoTime() - began;
  }
}
