package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import uk.ac.manchester.tornado.api.emulator.ByteMemory;

/** An array of {@code byte} elements outside the heap. */
public final class ByteArray extends TornadoNativeArray {
  private final ByteMemory memory;

  /** An uninitialized array. */
  public ByteArray(int numberOfElements) {
    this(new ByteMemory(numberOfElements));
  }

  private ByteArray(ByteMemory memory) {
    this.memory = memory;
  }

  /** A copy of a Java array. */
  public static ByteArray fromArray(byte[] values) {
    return fromElements(values);
  }

  /** An array of these values. */
  public static ByteArray fromElements(byte... values) {
    ByteArray array = new ByteArray(values.length);
    for (int i = 0; i < values.length; i++) {
      array.set(i, values[i]);
    }
    return array;
  }

  /** A copy of a segment's elements. */
  public static ByteArray fromSegment(MemorySegment segment) {
    ByteArray array = new ByteArray(Math.toIntExact(segment.byteSize() / Byte.BYTES));
    array.getSegment().copyFrom(segment);
    return array;
  }

  /** An array backed by the segment, which begins with space for the header. */
  public static ByteArray fromSegmentShallow(MemorySegment segment) {
    return new ByteArray(new ByteMemory(segment));
  }

  @Override
  ByteMemory memory() {
    return memory;
  }

  /** A copy as a Java array. */
  public byte[] toHeapArray() {
    byte[] values = new byte[getSize()];
    for (int i = 0; i < values.length; i++) {
      values[i] = get(i);
    }
    return values;
  }

  /** Sets an element. */
  public void set(int index, byte value) {
    memory.set(index, value);
  }

  /** An element. */
  public byte get(int index) {
    return memory.get(index);
  }

  /** Sets all elements to zero. */
  public void clear() {
    init((byte) 0);
  }

  /** Sets all elements to a value. */
  public void init(byte value) {
    for (int i = 0; i < getSize(); i++) {
      set(i, value);
    }
  }

  @Override
  public int getElementSize() {
    return Byte.BYTES;
  }

  @Override
  public int getSize() {
    return memory.size();
  }

  @Override
  public MemorySegment getSegment() {
    return memory.hostSegment();
  }

  @Override
  public MemorySegment getSegmentWithHeader() {
    return memory.segmentWithHeader();
  }

  @Override
  public long getNumBytesOfSegmentWithHeader() {
    return memory.bytes();
  }

  @Override
  public long getNumBytesOfSegment() {
    return memory.bytes() - ARRAY_HEADER;
  }
}
