package uk.ac.manchester.tornado.api.emulator;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;

/** An array's memory of {@code byte} elements. */
public final class ByteMemory extends Memory {
  private byte[] device;

  /** Uninitialized memory. */
  public ByteMemory(int size) {
    super(size, Byte.BYTES);
  }

  /** Existing memory, header included. */
  public ByteMemory(MemorySegment withHeader) {
    super(withHeader, Byte.BYTES);
  }

  /** An element. */
  public byte get(int i) {
    byte[] data = device;
    if (data == null) {
      beforeHostRead(i);
      return segment.get(JAVA_BYTE, HEADER + (long) i * Byte.BYTES);
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
  public void set(int i, byte value) {
    byte[] data = device;
    if (data == null) {
      beforeHostWrite(i);
      segment.set(JAVA_BYTE, HEADER + (long) i * Byte.BYTES, value);
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
    return new byte[size];
  }

  @Override
  MemorySegment heap(Object data) {
    return MemorySegment.ofArray((byte[]) data);
  }

  @Override
  String text(Object data, int i) {
    return Byte.toString(((byte[]) data)[i]);
  }

  @Override
  void use(Object data) {
    device = (byte[]) data;
  }
}
