package gpt.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Off-heap memory of one model or session, freed as a whole. Weights stay out of the Java heap, so
 * that the heap's limit does not bound the model and the collector never looks at them.
 */
final class NativeMemory implements AutoCloseable {
  /** A cache line and the widest vector: no load ever straddles two lines. */
  private static final int ALIGNMENT = 64;

  private final Arena arena = Arena.ofShared();

  /** Zeroed memory, a multiple of four bytes. */
  MemorySegment allocate(long size) {
    return arena.allocate(size, ALIGNMENT);
  }

  /** Frees it; a second time does nothing. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
