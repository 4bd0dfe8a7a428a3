package gpt.backend.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Off-heap memory of one model or session, freed as a whole. Weights stay out of the Java heap, so
 * that the heap's limit does not bound the model and the collector never looks at them.
 */
final class NativeMemory implements AutoCloseable {
  /** A cache line and the widest vector: no load ever straddles two lines. */
  private static final int ALIGNMENT = 64;

  /**
   * What is smaller is zeroed in no time, and a model of nothing larger, as the demo is, need not
   * wait for the system's functions to be linked: 6% of its start, some 80 ms.
   */
  private static final long WORTH_PAGES = 2 << 20;

  private static final long WORTH_HUGE_PAGES = 8 << 20;

  private final Arena arena = Arena.ofShared();

  /** Zeroed memory, a multiple of four bytes, that may never be used to its end. */
  MemorySegment allocate(long size) {
    return allocate(size, false);
  }

  /** Zeroed memory, a multiple of four bytes, that is about to be filled. */
  MemorySegment allocateFilled(long size) {
    return allocate(size, size >= WORTH_HUGE_PAGES);
  }

  private MemorySegment allocate(long size, boolean huge) {
    if (size >= WORTH_PAGES && LinuxPages.instance().isPresent()) {
      return LinuxPages.instance().get().allocate(size, huge, arena);
    }
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
