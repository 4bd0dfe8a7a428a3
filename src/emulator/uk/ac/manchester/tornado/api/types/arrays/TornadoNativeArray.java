package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import uk.ac.manchester.tornado.api.emulator.Memory;

/** An array outside the heap that a task graph can copy to the device. */
public abstract class TornadoNativeArray {
  /** Bytes before the first element. */
  public static final long ARRAY_HEADER = Memory.HEADER;

  static {
    Memory.access(TornadoNativeArray::memory);
  }

  abstract Memory memory();

  /** Number of elements. */
  public abstract int getSize();

  /** The elements. */
  public abstract MemorySegment getSegment();

  /** The header and the elements. */
  public abstract MemorySegment getSegmentWithHeader();

  /** Bytes of the header and the elements. */
  public abstract long getNumBytesOfSegmentWithHeader();

  /** Bytes of the elements. */
  public abstract long getNumBytesOfSegment();

  /** Bytes of one element. */
  public abstract int getElementSize();
}
