package uk.ac.manchester.tornado.api.emulator;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** An array's memory of half floats. */
public final class ShortMemory extends Memory {
  private short[] device;

  /** Uninitialized memory. */
  public ShortMemory(int size) {
    super(size, Short.BYTES);
  }

  /** Existing memory, header included. */
  public ShortMemory(MemorySegment withHeader) {
    super(withHeader, Short.BYTES);
  }

  /** An element. */
  public short get(int i) {
    short[] data = device;
    if (data == null) {
      beforeHostRead(i);
      return segment.get(JAVA_SHORT_UNALIGNED, HEADER + (long) i * Short.BYTES);
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
  public void set(int i, short value) {
    short[] data = device;
    if (data == null) {
      beforeHostWrite(i);
      segment.set(JAVA_SHORT_UNALIGNED, HEADER + (long) i * Short.BYTES, value);
      return;
    }
    if (i < 0 || i >= data.length) {
      throw outOfBounds(i, true);
    }
    if (!dirty) {
      beforeFirstWrite();
    }
    int stamp = stamps[i];
    if (stamp != now && (stamp < 0 || stamp >= base) && data[i] != value) {
      checkWrite(i, stamp);
    }
    stamps[i] = now;
    data[i] = value;
  }

  @Override
  Object newData() {
    return new short[size];
  }

  @Override
  MemorySegment heap(Object data) {
    return MemorySegment.ofArray((short[]) data);
  }

  @Override
  String text(Object data, int i) {
    return Float.toString(Float.float16ToFloat(((short[]) data)[i]));
  }

  @Override
  void use(Object data) {
    device = (short[]) data;
  }
}
