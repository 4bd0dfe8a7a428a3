package gpt.backend.tornado;

import gpt.GptException;
import gpt.kernels.runtime.SlotCopy;
import java.util.Arrays;
import java.util.BitSet;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The slots of the KV cache: which are in use, and which copies are pending. All forks since the
 * last step are copied in one launch.
 */
final class Slots {
  private final IntArray request;
  private final TornadoForward forward;
  private final BitSet used = new BitSet();

  /** For each slot the slot to copy from; itself where no copy is pending. */
  private final int[] sources;

  /** Positions to copy: the most of all pending copies. */
  private int positions;

  /**
   * Creates {@code count} free slots.
   *
   * @param request sent to the device for the copies; see {@link SlotCopy}
   */
  Slots(int count, IntArray request, TornadoForward forward) {
    this.request = request;
    this.forward = forward;
    sources = new int[count];
    Arrays.setAll(sources, slot -> slot);
  }

  /** Takes a free slot. */
  int take() {
    int slot = used.nextClearBit(0);
    if (slot >= sources.length) {
      throw new GptException(
          "all "
              + sources.length
              + " sequences that this engine has memory for are open; close one first");
    }
    used.set(slot);
    return slot;
  }

  void free(int slot) {
    used.clear(slot);
    sources[slot] = slot;
  }

  /** Schedules a copy of the first {@code length} positions, made before the next step. */
  void copy(int from, int to, int length) {
    int source = sources[from];
    if (length == 0 || source == to) {
      return; // the slot still has them, from before it was freed
    }
    for (int slot = 0; slot < sources.length; slot++) {
      if (slot != to && sources[slot] == to) {
        flush(); // another pending copy reads the slot that this one overwrites
        source = from;
        break;
      }
    }
    sources[to] = source;
    positions = Math.max(positions, length);
  }

  /** Makes the pending copies. */
  void flush() {
    int copied = positions;
    if (copied > 0) {
      request.set(SlotCopy.POSITIONS, copied);
      for (int slot = 0; slot < sources.length; slot++) {
        request.set(SlotCopy.SOURCES + slot, sources[slot]);
        sources[slot] = slot;
      }
      positions = 0;
      forward.copySlots(copied);
    }
  }
}
