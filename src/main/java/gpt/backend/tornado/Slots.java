package gpt.backend.tornado;

import gpt.GptException;
import gpt.kernels.runtime.SlotCopy;
import java.util.Arrays;
import java.util.BitSet;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Which parts of the cache are in use, and what is to be copied from one to another: all forks
 * since the last step are copied together.
 */
final class Slots {
  private final IntArray request;
  private final TornadoForward forward;
  private final BitSet used = new BitSet();

  /** For each slot the one that has its keys and values; itself where nothing is to be copied. */
  private final int[] sources;

  private int positions;

  /**
   * Slots that are all free.
   *
   * @param request says what is copied; see {@link SlotCopy}
   */
  Slots(int count, IntArray request, TornadoForward forward) {
    this.request = request;
    this.forward = forward;
    sources = new int[count];
    Arrays.setAll(sources, slot -> slot);
  }

  /** A free one. */
  int take() {
    int slot = used.nextClearBit(0);
    if (slot >= sources.length) {
      throw new GptException(
          "the device has memory for " + sources.length + " contexts at once, and all are in use");
    }
    used.set(slot);
    return slot;
  }

  /** Gives one back. */
  void free(int slot) {
    used.clear(slot);
    sources[slot] = slot;
  }

  /** Gives a slot the first positions of another; they are copied before the next step. */
  void copy(int from, int to, int length) {
    int source = sources[from];
    if (length == 0 || source == to) {
      return; // the slot's own, of before it was freed
    }
    for (int slot = 0; slot < sources.length; slot++) {
      if (slot != to && sources[slot] == to) {
        flush(); // what is overwritten is copied first
        source = from;
        break;
      }
    }
    sources[to] = source;
    positions = Math.max(positions, length);
  }

  /** Makes the copies. */
  void flush() {
    int copied = positions;
    if (copied > 0) {
      request.set(0, copied);
      for (int slot = 0; slot < sources.length; slot++) {
        request.set(SlotCopy.SOURCES + slot, sources[slot]);
        sources[slot] = slot;
      }
      positions = 0;
      forward.copySlots(copied);
    }
  }
}
