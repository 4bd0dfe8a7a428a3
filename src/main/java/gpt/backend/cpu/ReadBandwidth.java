package gpt.backend.cpu;

import gpt.backend.cpu.kernels.CpuKernels;
import gpt.backend.cpu.kernels.CpuKernelsProvider;
import java.lang.foreign.MemorySegment;

/**
 * Memory read bandwidth, measured by summing a large region on all threads. It is the roofline of
 * decode, which is memory-bound: each token reads every weight once. The region is larger than the
 * caches and uses the same kind of pages as weights. Workers take pieces from a shared counter, so
 * a descheduled core reads fewer of them. Each piece is read as four streams, the fastest way
 * found.
 *
 * <p>On a shared machine bandwidth changes within seconds: compare a figure with a probe of the
 * same moment. Without the Vector API the plain kernels may be slower than the memory and limit the
 * result.
 */
public final class ReadBandwidth implements AutoCloseable {
  /** Size of the region: more than the last-level cache of most machines. */
  public static final long BYTES = 1L << 30;

  private static final int PIECE = 1 << 20;

  private final CpuKernels kernels = CpuKernelsProvider.kernels();
  private final NativeMemory memory = new NativeMemory();
  private final Workers workers;
  private final MemorySegment region;
  private final int pieces;
  private final float[] sums; // per worker, a cache line apart against false sharing

  /**
   * Allocates and fills a region of {@link #BYTES}.
   *
   * @param threads reading threads, at least 1
   */
  public ReadBandwidth(int threads) {
    this(threads, BYTES);
  }

  /**
   * Allocates and fills a region.
   *
   * @param bytes size, rounded up to a multiple of 1 MiB
   * @throws OutOfMemoryError where the system has less memory
   */
  public ReadBandwidth(int threads, long bytes) {
    pieces = Math.toIntExact(Math.ceilDiv(bytes, PIECE));
    workers = new Workers(threads);
    sums = new float[threads * 16];
    try {
      region = memory.allocateFilled((long) pieces * PIECE);
    } catch (Throwable e) {
      close();
      throw e;
    }
    workers.run(
        pieces, (i, worker) -> region.asSlice((long) i * PIECE, PIECE).fill((byte) (i % 50)));
    measure(2); // warm-up: the JIT compiles the kernel
  }

  /**
   * Reads the region {@code passes} times.
   *
   * @return bytes per second of the fastest pass
   */
  public double measure(int passes) {
    double best = 0;
    for (int pass = 0; pass < passes; pass++) {
      long start = System.nanoTime();
      workers.run(
          pieces, (i, worker) -> sums[worker * 16] += kernels.sum(region, (long) i * PIECE, PIECE));
      best = Math.max(best, region.byteSize() * 1e9 / (System.nanoTime() - start));
    }
    return best;
  }

  @Override
  public void close() {
    workers.close();
    memory.close();
  }
}
