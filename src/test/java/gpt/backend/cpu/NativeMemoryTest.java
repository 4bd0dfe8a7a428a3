package gpt.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
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

  /** Java counts direct buffers and automatic arenas towards its limit, the heap's maximum. */
  @Test
  void isNotLimitedByTheSizeOfTheHeap() {
    assumeLinux(); // Java would zero all of it
    long size = 2 * Runtime.getRuntime().maxMemory();
    try (NativeMemory memory = new NativeMemory()) {
      memory.allocate(size).set(ValueLayout.JAVA_INT, size - 4, 1);
    }
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
