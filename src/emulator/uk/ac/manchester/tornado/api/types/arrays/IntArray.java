package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import uk.ac.manchester.tornado.api.emulator.IntMemory;

/** An array of {@code int} elements outside the heap. */
public final class IntArray extends TornadoNativeArray {
  private final IntMemory memory;

  /** An uninitialized array. */
  public IntArray(int numberOfElements) {
    this(new IntMemory(numberOfElements));
  }

  private IntArray(IntMemory memory) {
    this.memory = memory;
  }

  /** A copy of a Java array. */
  public static IntArray fromArray(int[] values) {
    return fromElements(values);
  }

  /** An array of these values. */
  public static IntArray fromElements(int... values) {
    IntArray array = new IntArray(values.length);
    for (int i = 0; i < values.length; i++) {
      array.set(i, values[i]);
    }
    return array;
  }

  /** A copy of a segment's elements. */
  public static IntArray fromSegment(MemorySegment segment) {
    IntArray array = new IntArray(Math.toIntExact(segment.byteSize() / Integer.BYTES));
    array.getSegment().copyFrom(segment);
    return array;
  }

  /** An array backed by the segment, which begins with space for the header. */
  public static IntArray fromSegmentShallow(MemorySegment segment) {
    return new IntArray(new IntMemory(segment));
  }

  @Override
  IntMemory memory() {
    return memory;
  }

  /** A copy as a Java array. */
  public int[] toHeapArray() {
    int[] values = new int[getSize()];
    for (int i = 0; i < values.length; i++) {
      values[i] = get(i);
    }
    return values;
  }

  /** Sets an element. */
  public void set(int index, int value) {
    memory.set(index, value);
  }

  /** An element. */
  public int get(int index) {
    return memory.get(index);
  }

  /** Sets all elements to zero. */
  public void clear() {
    init(0);
  }

  /** Sets all elements to a value. */
  public void init(int value) {
    for (int i = 0; i < getSize(); i++) {
      set(i, value);
    }
  }

  @Override
  public int getElementSize() {
    return Integer.BYTES;
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
