package uk.ac.manchester.tornado.api.emulator;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** An array's memory of {@code float} elements. */
public final class FloatMemory extends Memory {
  private float[] device;

  /** Uninitialized memory. */
  public FloatMemory(int size) {
    super(size, Float.BYTES);
  }

  /** Existing memory, header included. */
  public FloatMemory(MemorySegment withHeader) {
    super(withHeader, Float.BYTES);
  }

  /** An element. */
  public float get(int i) {
    float[] data = device;
    if (data == null) {
      beforeHostRead(i);
      return segment.get(JAVA_FLOAT_UNALIGNED, HEADER + (long) i * Float.BYTES);
    }
    if (i < 0 || i >= data.length) {
      throw outOfBounds(i, false);
    }
    int[] s = stamps;
    if (s != null) {
      int stamp = s[i];
      if (stamp != now && (stamp <= 0 || stamp >= base)) {
        checkRead(i, stamp);
      }
    }
    return data[i];
  }

  /** Sets an element. */
  public void set(int i, float value) {
    float[] data = device;
    if (data == null) {
      beforeHostWrite(i);
      segment.set(JAVA_FLOAT_UNALIGNED, HEADER + (long) i * Float.BYTES, value);
      return;
    }
    if (i < 0 || i >= data.length) {
      throw outOfBounds(i, true);
    }
    if (!dirty) {
      beforeFirstWrite();
    }
    int stamp = stamps[i];
    if (stamp != now
        && (stamp < 0 || stamp >= base)
        && Float.floatToRawIntBits(data[i]) != Float.floatToRawIntBits(value)) {
      checkWrite(i, stamp);
    }
    stamps[i] = now;
    data[i] = value;
  }

  @Override
  Object newData() {
    return new float[size];
  }

  @Override
  MemorySegment heap(Object data) {
    return MemorySegment.ofArray((float[]) data);
  }

  @Override
  String text(Object data, int i) {
    return Float.toString(((float[]) data)[i]);
  }

  @Override
  void use(Object data) {
    device = (float[]) data;
  }
}
