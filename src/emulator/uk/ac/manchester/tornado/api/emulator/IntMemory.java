package uk.ac.manchester.tornado.api.emulator;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** An array's memory of {@code int} elements. */
public final class IntMemory extends Memory {
  private int[] device;

  /** Uninitialized memory. */
  public IntMemory(int size) {
    super(size, Integer.BYTES);
  }

  /** Existing memory, header included. */
  public IntMemory(MemorySegment withHeader) {
    super(withHeader, Integer.BYTES);
  }

  /** An element. */
  public int get(int i) {
    int[] data = device;
    if (data == null) {
      beforeHostRead(i);
      return segment.get(JAVA_INT_UNALIGNED, HEADER + (long) i * Integer.BYTES);
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
  public void set(int i, int value) {
    int[] data = device;
    if (data == null) {
      beforeHostWrite(i);
      segment.set(JAVA_INT_UNALIGNED, HEADER + (long) i * Integer.BYTES, value);
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

  /** Adds to an element atomically. */
  public void add(int i, int value) {
    int[] data = device;
    if (data == null) {
      set(i, get(i) + value);
      return;
    }
    if (i < 0 || i >= data.length) {
      throw outOfBounds(i, true);
    }
    beforeAtomic(i);
    stamps[i] = ~now;
    data[i] += value;
  }

  @Override
  Object newData() {
    return new int[size];
  }

  @Override
  MemorySegment heap(Object data) {
    return MemorySegment.ofArray((int[]) data);
  }

  @Override
  String text(Object data, int i) {
    return Integer.toString(((int[]) data)[i]);
  }

  @Override
  void use(Object data) {
    device = (int[]) data;
  }
}
