package gpt.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NativeMemoryTest {
  private static final long MIB = 1 << 20;

  @ParameterizedTest
  @ValueSource(longs = {4, 100_000, 300_004, 9 * MIB, 9 * MIB + 4, 64 * MIB})
  void isZeroedAlignedAndWritableToItsEnd(long size) {
    try (NativeMemory memory = new NativeMemory()) {
      for (MemorySegment m :
          new MemorySegment[] {memory.allocate(size), memory.allocateFilled(size)}) {
        assertEquals(size, m.byteSize());
        assertEquals(0, m.address() % 64);
        assertEquals(0, m.get(ValueLayout.JAVA_INT, 0));
        m.set(ValueLayout.JAVA_INT, size - 4, 0); // the last page is mapped
        assertEquals(-1, m.asSlice(1).mismatch(m.asSlice(0, size - 1)), "not all zeros");
        m.fill((byte) 1);
      }
    }
  }

  @Test
  void closingFreesAllMemory() throws IOException {
    NativeMemory memory = new NativeMemory();
    MemorySegment m = memory.allocateFilled(256 * MIB);
    m.fill((byte) 1);
    memory.close();
    memory.close();
    assertThrows(IllegalStateException.class, () -> m.get(ValueLayout.JAVA_BYTE, 0));
    assumeLinux();
    long before = resident();
    for (int i = 0; i < 8; i++) {
      try (NativeMemory again = new NativeMemory()) {
        again.allocateFilled(256 * MIB).fill((byte) 1);
      }
    }
    assertTrue(resident() - before < 128 * MIB, "resident memory grew");
  }

  @Test
  void untouchedPagesTakeNoMemory() throws IOException {
    assumeLinux();
    long before = resident();
    try (NativeMemory memory = new NativeMemory()) {
      MemorySegment m = memory.allocate(1024 * MIB);
      m.asSlice(512 * MIB, MIB).fill((byte) 1);
      assertTrue(resident() - before < 256 * MIB, "resident: " + (resident() - before));
    }
  }

  /** Java limits its own off-heap allocations to the heap's maximum. */
  @Test
  void isNotLimitedByTheSizeOfTheHeap() {
    long size = Runtime.getRuntime().maxMemory() + 64 * MIB;
    assertThrows(
        OutOfMemoryError.class,
        () -> {
          try (Arena arena = Arena.ofShared()) {
            arena.allocate(size);
          }
        });
    try (NativeMemory memory = new NativeMemory();
        Arena arena = Arena.ofShared()) {
      memory.allocate(size).set(ValueLayout.JAVA_INT, size - 4, 1);
      CHeap.instance().orElseThrow().allocate(size, 64, arena).set(ValueLayout.JAVA_INT, 0, 1);
    }
  }

  /** Other systems than Linux take large memory from C's heap. */
  @Test
  void theHeapOfCIsZeroedAlignedAndFreed() {
    CHeap heap = CHeap.instance().orElseThrow();
    MemorySegment m;
    try (Arena arena = Arena.ofShared()) {
      heap.allocate(3 * MIB, 64, arena).fill((byte) 1);
    }
    try (Arena arena = Arena.ofShared()) {
      m = heap.allocate(3 * MIB + 4, 64, arena);
      assertEquals(3 * MIB + 4, m.byteSize());
      assertEquals(0, m.address() % 64);
      assertEquals(0, m.get(ValueLayout.JAVA_BYTE, 0));
      assertEquals(-1, m.asSlice(1).mismatch(m.asSlice(0, m.byteSize() - 1)), "not all zeros");
      m.fill((byte) 1);
      assertThrows(OutOfMemoryError.class, () -> heap.allocate(1L << 46, 64, arena));
    }
    assertThrows(IllegalStateException.class, () -> m.get(ValueLayout.JAVA_BYTE, 0));
  }

  @Test
  void throwsWhenMemoryIsExhausted() {
    try (NativeMemory memory = new NativeMemory()) {
      assertThrows(OutOfMemoryError.class, () -> memory.allocate(1L << 46));
      assertThrows(OutOfMemoryError.class, () -> memory.allocateFilled(1L << 46));
    }
  }

  private static void assumeLinux() {
    Assumptions.assumeTrue(
        LinuxPages.instance().isPresent(),
        "needs Linux and --enable-native-access=ALL-UNNAMED, as Maven gives it");
  }

  /** Resident bytes of this process, without pages of mapped files. */
  private static long resident() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("RssAnon:"))
        .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElseThrow();
  }
}
