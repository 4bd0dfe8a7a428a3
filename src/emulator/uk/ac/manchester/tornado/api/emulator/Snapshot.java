package uk.ac.manchester.tornado.api.emulator;

import java.util.Arrays;

/** A memory's content before a launch and after the first order of its work items. */
final class Snapshot {
  private final Object before;
  private final int[] stampsBefore;
  private Object result;
  private int[] stampsResult;

  Snapshot(Memory m) {
    before = copy(m);
    stampsBefore = m.stamps == null ? null : m.stamps.clone();
    // The default if the first order does not write to it.
    result = before;
    stampsResult = stampsBefore;
  }

  private static Object copy(Memory m) {
    Object copy = m.newData();
    m.heap(copy).copyFrom(m.heap(m.buffer.data));
    return copy;
  }

  void keepResult(Memory m) {
    result = copy(m);
    stampsResult = m.stamps.clone();
  }

  Object result() {
    return result;
  }

  void restore(Memory m) {
    m.heap(m.buffer.data).copyFrom(m.heap(before));
    if (stampsBefore == null) {
      Arrays.fill(m.stamps, Memory.WRITTEN);
    } else {
      System.arraycopy(stampsBefore, 0, m.stamps, 0, m.size);
    }
  }

  /** The first element that differs from the result, in its bits or in being initialized; or -1. */
  int firstDifference(Memory m) {
    long offset = m.heap(m.buffer.data).mismatch(m.heap(result));
    int at = offset < 0 ? m.size : (int) (offset / m.elementSize);
    for (int i = 0; i < at; i++) {
      boolean written = stampsResult == null || stampsResult[i] != Memory.UNWRITTEN;
      if ((m.stamps[i] != Memory.UNWRITTEN) != written) {
        return i;
      }
    }
    return at == m.size ? -1 : at;
  }
}
