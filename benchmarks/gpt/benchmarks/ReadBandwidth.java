package gpt.benchmarks;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * What the memory delivers to a sum: every thread adds up its part of a large region. Each reads
 * its part as {@value #STREAMS} streams of {@value #BLOCK}-byte blocks, which on the machines seen
 * is faster than one stream; a kernel has to be measured against the faster probe.
 */
final class ReadBandwidth implements AutoCloseable {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int STREAMS = 4;
  private static final int BLOCK = 256;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory;
  private final int threads;
  private volatile float sink;

  ReadBandwidth(long bytes, int threads) {
    this.threads = threads;
    long part = bytes / threads / (STREAMS * BLOCK) * (STREAMS * BLOCK);
    memory = arena.allocate(part * threads, 64);
  }

  /** Bytes a second of one pass over the memory. */
  double measure() {
    long part = memory.byteSize() / threads;
    Thread[] team = new Thread[threads];
    long start = System.nanoTime();
    for (int i = 0; i < threads; i++) {
      long from = i * part;
      team[i] = Thread.ofPlatform().start(() -> sink = sum(memory, from, part));
    }
    for (Thread thread : team) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
    return memory.byteSize() / ((System.nanoTime() - start) / 1e9);
  }

  private static float sum(MemorySegment w, long from, long bytes) {
    FloatVector a = FloatVector.zero(S);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;
    long stream = bytes / STREAMS;
    int step = S.vectorByteSize();
    ByteOrder order = ByteOrder.nativeOrder();
    for (long o = from; o < from + stream; o += BLOCK) {
      for (int s = 0; s < STREAMS; s++) {
        long at = o + s * stream;
        for (long i = at; i < at + BLOCK; i += 4L * step) {
          a = a.add(FloatVector.fromMemorySegment(S, w, i, order));
          b = b.add(FloatVector.fromMemorySegment(S, w, i + step, order));
          c = c.add(FloatVector.fromMemorySegment(S, w, i + 2L * step, order));
          d = d.add(FloatVector.fromMemorySegment(S, w, i + 3L * step, order));
        }
      }
    }
    return a.add(b).add(c.add(d)).reduceLanes(VectorOperators.ADD);
  }

  @Override
  public void close() {
    arena.close();
  }
}
