package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import uk.ac.manchester.tornado.api.emulator.ShortMemory;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.vectors.Half2;

/** An array of half-precision elements outside the heap. */
public final class HalfFloatArray extends TornadoNativeArray {
  private final ShortMemory memory;

  /** An uninitialized array. */
  public HalfFloatArray(int numberOfElements) {
    this(new ShortMemory(numberOfElements));
  }

  private HalfFloatArray(ShortMemory memory) {
    this.memory = memory;
  }

  /** A copy of a Java array. */
  public static HalfFloatArray fromArray(HalfFloat[] values) {
    return fromElements(values);
  }

  /** An array of these values. */
  public static HalfFloatArray fromElements(HalfFloat... values) {
    HalfFloatArray array = new HalfFloatArray(values.length);
    for (int i = 0; i < values.length; i++) {
      array.set(i, values[i]);
    }
    return array;
  }

  /** A copy of a segment's elements. */
  public static HalfFloatArray fromSegment(MemorySegment segment) {
    HalfFloatArray array = new HalfFloatArray(Math.toIntExact(segment.byteSize() / Short.BYTES));
    array.getSegment().copyFrom(segment);
    return array;
  }

  /** An array backed by the segment, which begins with space for the header. */
  public static HalfFloatArray fromSegmentShallow(MemorySegment segment) {
    return new HalfFloatArray(new ShortMemory(segment));
  }

  @Override
  ShortMemory memory() {
    return memory;
  }

  /** A copy as a Java array. */
  public HalfFloat[] toHeapArray() {
    HalfFloat[] values = new HalfFloat[getSize()];
    for (int i = 0; i < values.length; i++) {
      values[i] = get(i);
    }
    return values;
  }

  /** Sets an element. */
  public void set(int index, HalfFloat value) {
    memory.set(index, value.getHalfFloatValue());
  }

  /** An element. */
  public HalfFloat get(int index) {
    return new HalfFloat(memory.get(index));
  }

  /** Two adjacent elements, the first at an even index. */
  public Half2 getHalf2(int index) {
    if (index % 2 != 0) {
      throw new IllegalArgumentException("getHalf2 of odd index " + index + ": not aligned");
    }
    return new Half2(get(index), get(index + 1));
  }

  /** Sets all elements to zero. */
  public void clear() {
    init(new HalfFloat(0f));
  }

  /** Sets all elements to a value. */
  public void init(HalfFloat value) {
    for (int i = 0; i < getSize(); i++) {
      set(i, value);
    }
  }

  @Override
  public int getElementSize() {
    return Short.BYTES;
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
