package gpt.backend.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * Memory from mmap on Linux. Java zeroes its off-heap allocations at once, on one thread; the
 * kernel zeroes mapped pages at first touch, on the worker that touches them, and untouched pages
 * of a KV cache take no memory. Weights get 2 MiB huge pages: on a virtual machine with two cores 3
 * GB were filled in 3 to 6 s instead of 14 to 18.
 */
@SuppressWarnings("restricted") // calls C functions whose signatures are written out below
final class LinuxPages {
  // These values are the same on x86-64 and AArch64.
  private static final int PROT_READ_WRITE = 0x1 | 0x2;
  private static final int MAP_PRIVATE_ANONYMOUS = 0x02 | 0x20;
  private static final int MADV_HUGEPAGE = 14;
  private static final long MAP_FAILED = -1;

  private static final long HUGE_PAGE_BYTES = 2 << 20;

  private static final Optional<LinuxPages> INSTANCE = find();

  private final MethodHandle mmap;
  private final MethodHandle munmap;
  private final MethodHandle madvise;

  private LinuxPages(MethodHandle mmap, MethodHandle munmap, MethodHandle madvise) {
    this.mmap = mmap;
    this.munmap = munmap;
    this.madvise = madvise;
  }

  /** Empty unless this is 64-bit Linux and the JVM was started with native access enabled. */
  static Optional<LinuxPages> instance() {
    return INSTANCE;
  }

  private static Optional<LinuxPages> find() {
    String machine = System.getProperty("os.arch");
    if (!System.getProperty("os.name").equals("Linux")
        || !machine.equals("amd64") && !machine.equals("aarch64")
        || ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN
        || !LinuxPages.class.getModule().isNativeAccessEnabled()) {
      return Optional.empty();
    }
    MemoryLayout address = ValueLayout.JAVA_LONG;
    MemoryLayout number = ValueLayout.JAVA_INT;
    return Optional.of(
        new LinuxPages(
            function("mmap", address, address, address, number, number, number, address),
            function("munmap", number, address, address),
            function("madvise", number, address, address, number)));
  }

  private static MethodHandle function(
      String name, MemoryLayout returned, MemoryLayout... parameters) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow(name), FunctionDescriptor.of(returned, parameters));
  }

  /**
   * Allocates zeroed, page-aligned memory.
   *
   * @param size bytes, more than 0
   * @param huge whether to use huge pages: right where all of it will be used
   * @param arena unmaps it when closed
   * @throws OutOfMemoryError where the system has less memory
   */
  MemorySegment allocate(long size, boolean huge, Arena arena) {
    long reserved = huge ? size + HUGE_PAGE_BYTES : size; // room to align to a huge page
    long start = map(reserved);
    MemorySegment all =
        MemorySegment.ofAddress(start)
            .reinterpret(reserved, arena, m -> unmap(m.address(), reserved));
    if (!huge) {
      return all.asSlice(0, size);
    }
    long at = -start & HUGE_PAGE_BYTES - 1;
    advise(start + at, size);
    return all.asSlice(at, size);
  }

  private long map(long size) {
    long start;
    try {
      start = (long) mmap.invokeExact(0L, size, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0L);
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
    if (start == MAP_FAILED) {
      throw new OutOfMemoryError("Cannot reserve " + size + " bytes of direct memory");
    }
    return start;
  }

  /** Asks for huge pages. A kernel without them returns an error, which is ignored. */
  private void advise(long start, long size) {
    try {
      int ignored = (int) madvise.invokeExact(start, size, MADV_HUGEPAGE);
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  private void unmap(long start, long size) {
    try {
      int ignored = (int) munmap.invokeExact(start, size);
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }
}
