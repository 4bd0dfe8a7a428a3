package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import uk.ac.manchester.tornado.api.emulator.FloatMemory;

/** An array of {@code float} elements outside the heap. */
public final class FloatArray extends TornadoNativeArray {
  private final FloatMemory memory;

  /** An uninitialized array. */
  public FloatArray(int numberOfElements) {
    this(new FloatMemory(numberOfElements));
  }

  private FloatArray(FloatMemory memory) {
    this.memory = memory;
  }

  /** A copy of a Java array. */
  public static FloatArray fromArray(float[] values) {
    return fromElements(values);
  }

  /** An array of these values. */
  public static FloatArray fromElements(float... values) {
    FloatArray array = new FloatArray(values.length);
    for (int i = 0; i < values.length; i++) {
      array.set(i, values[i]);
    }
    return array;
  }

  /** A copy of a segment's elements. */
  public static FloatArray fromSegment(MemorySegment segment) {
    FloatArray array = new FloatArray(Math.toIntExact(segment.byteSize() / Float.BYTES));
    array.getSegment().copyFrom(segment);
    return array;
  }

  /** An array backed by the segment, which begins with space for the header. */
  public static FloatArray fromSegmentShallow(MemorySegment segment) {
    return new FloatArray(new FloatMemory(segment));
  }

  @Override
  FloatMemory memory() {
    return memory;
  }

  /** A copy as a Java array. */
  public float[] toHeapArray() {
    float[] values = new float[getSize()];
    for (int i = 0; i < values.length; i++) {
      values[i] = get(i);
    }
    return values;
  }

  /** Sets an element. */
  public void set(int index, float value) {
    memory.set(index, value);
  }

  /** An element. */
  public float get(int index) {
    return memory.get(index);
  }

  /** Sets all elements to zero. */
  public void clear() {
    init(0);
  }

  /** Sets all elements to a value. */
  public void init(float value) {
    for (int i = 0; i < getSize(); i++) {
      set(i, value);
    }
  }

  @Override
  public int getElementSize() {
    return Float.BYTES;
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
