package gpt.backend.cpu;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * Memory from C's calloc, for systems other than Linux, which has {@link LinuxPages}. Java limits
 * its own off-heap allocations to the heap's maximum, a quarter of the machine's memory, which is
 * too little for a large model.
 */
@SuppressWarnings("restricted") // calls C functions whose signatures are written out below
final class CHeap {
  private static final Optional<CHeap> INSTANCE = find();

  private final MethodHandle calloc;
  private final MethodHandle free;

  private CHeap(MethodHandle calloc, MethodHandle free) {
    this.calloc = calloc;
    this.free = free;
  }

  /** Empty unless this JVM is of 64 bits and was started with native access enabled. */
  static Optional<CHeap> instance() {
    return INSTANCE;
  }

  private static Optional<CHeap> find() {
    AddressLayout pointer = ValueLayout.ADDRESS;
    if (pointer.byteSize() != Long.BYTES || !CHeap.class.getModule().isNativeAccessEnabled()) {
      return Optional.empty();
    }
    Linker linker = Linker.nativeLinker();
    ValueLayout size = ValueLayout.JAVA_LONG;
    return Optional.of(
        new CHeap(
            linker.downcallHandle(
                linker.defaultLookup().findOrThrow("calloc"),
                FunctionDescriptor.of(pointer, size, size)),
            linker.downcallHandle(
                linker.defaultLookup().findOrThrow("free"), FunctionDescriptor.ofVoid(pointer))));
  }

  /**
   * Allocates zeroed memory.
   *
   * @param size bytes, more than 0
   * @param alignment a power of two
   * @param arena frees it when closed
   * @throws OutOfMemoryError where the system has less memory
   */
  MemorySegment allocate(long size, long alignment, Arena arena) {
    long reserved = size + alignment - 1;
    MemorySegment start;
    try {
      start = (MemorySegment) calloc.invokeExact(1L, reserved);
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
    if (start.address() == 0) {
      throw new OutOfMemoryError("Cannot reserve " + size + " bytes of direct memory");
    }
    return start
        .reinterpret(reserved, arena, this::free)
        .asSlice(-start.address() & alignment - 1, size);
  }

  private void free(MemorySegment memory) {
    try {
      free.invokeExact(memory);
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }
}
