package gpt.backend.cpu;

import java.lang.foreign.MemorySegment;

/**
 * What the memory delivers to a sum on all threads: the roof of decode, which reads every weight
 * once a token. The region is larger than caches are, lies in the same pages as weights, and is
 * handed out in pieces from a counter, so that a core that is held up reads less of it. Each piece
 * is read as four streams, the fastest way found.
 *
 * <p>Machines that others share change within seconds: quote a figure beside a probe of the same
 * moment. Where the plain kernels run (no Vector API) they set the figure, and it may be lower than
 * what the memory can do.
 */
public final class ReadBandwidth implements AutoCloseable {
  /** More than the last cache of most machines. */
  public static final long BYTES = 1L << 30;

  private static final int PIECE = 1 << 20;

  private final CpuKernels kernels = CpuKernelsProvider.kernels();
  private final NativeMemory memory = new NativeMemory();
  private final Workers workers;
  private final MemorySegment region;
  private final int pieces;
  private final float[] sums; // per worker, a cache line apart

  /**
   * Fills the region.
   *
   * @param threads to read with, at least 1
   */
  public ReadBandwidth(int threads) {
    this(threads, BYTES);
  }

  /**
   * As the other, with a region of a size.
   *
   * @param bytes is rounded up to whole pieces of 1 MiB
   * @throws OutOfMemoryError where there is not as much
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
    measure(2); // has the kernel compiled
  }

  /**
   * Reads the region some times.
   *
   * @return bytes a second of the fastest pass
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
