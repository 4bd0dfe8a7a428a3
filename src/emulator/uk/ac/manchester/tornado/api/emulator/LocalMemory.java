package uk.ac.manchester.tornado.api.emulator;

import java.lang.foreign.MemorySegment;
import java.lang.reflect.Array;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import uk.ac.manchester.tornado.api.types.HalfFloat;

/**
 * A workgroup's local memory. Kernels use plain Java arrays, so accesses cannot be intercepted.
 * Instead, the arrays are compared whenever a work item reaches a barrier, to find elements that
 * two items write between the same two barriers. The initial values differ in each order of the
 * items, so that reading uninitialized memory changes the result.
 */
final class LocalMemory {
  private static final int NO_WRITER = -1;

  private static final class LocalArray {
    final Object data;
    final Class<?> type;
    final int length;
    final int elementSize;
    final MemorySegment now;
    final MemorySegment before;
    final int[] writer;

    LocalArray(Class<?> type, int length) {
      this.type = type;
      this.length = length;
      data = Array.newInstance(type, length);
      // HalfFloat elements are objects, which cannot be compared as memory.
      now = segment(data);
      before = now == null ? null : segment(Array.newInstance(type, length));
      elementSize = now == null ? Short.BYTES : (int) (now.byteSize() / length);
      writer = now == null ? null : new int[length];
    }

    private static MemorySegment segment(Object array) {
      return switch (array) {
        case float[] a -> MemorySegment.ofArray(a);
        case double[] a -> MemorySegment.ofArray(a);
        case int[] a -> MemorySegment.ofArray(a);
        case long[] a -> MemorySegment.ofArray(a);
        case byte[] a -> MemorySegment.ofArray(a);
        default -> null;
      };
    }
  }

  private final Launch launch;
  private final boolean checked;
  private final List<LocalArray> arrays = new ArrayList<>();
  private final Map<Integer, LocalArray> sites = new HashMap<>(); // by Stacks.callSite
  private int garbage;
  private boolean checking;

  /**
   * The local memory of one workgroup after the other.
   *
   * @param checked whether to find races; takes as long as the kernels themselves
   */
  LocalMemory(Launch launch, boolean checked) {
    this.launch = launch;
    this.checked = checked;
  }

  /** Starts a workgroup: fills its memory with garbage of this kind. */
  void startGroup(int kind) {
    garbage = kind;
    // Two items that write the same element do so in any order, so checking one order is enough.
    checking = kind == 0 && checked;
    for (LocalArray array : arrays) {
      fill(array);
    }
  }

  /** Kind 0 is NaN, which no sum hides; the other kinds are different numbers. */
  private void fill(LocalArray array) {
    float number = (garbage % 2 == 0 ? 1 : -1) * (1e9f + 1e6f * garbage);
    switch (array.data) {
      case float[] a -> Arrays.fill(a, garbage == 0 ? Float.NaN : number);
      case double[] a -> Arrays.fill(a, garbage == 0 ? Double.NaN : number);
      case int[] a -> Arrays.fill(a, garbage == 0 ? Integer.MIN_VALUE : (int) number);
      case long[] a -> Arrays.fill(a, garbage == 0 ? Long.MIN_VALUE : (long) number);
      case byte[] a -> Arrays.fill(a, garbage == 0 ? Byte.MIN_VALUE : (byte) (37 * garbage));
      default -> Arrays.fill((Object[]) array.data, null);
    }
    if (array.now != null) {
      array.before.copyFrom(array.now);
      Arrays.fill(array.writer, NO_WRITER);
    }
  }

  /**
   * All work items of a workgroup get the same array from an allocation in the source, in a loop
   * too; a method that allocates has an array for each place it is called from, since TornadoVM
   * inlines it.
   */
  Object allocate(Class<?> type, int length) {
    launch.beforeLocalArray();
    int site = Stacks.callSite();
    LocalArray present = sites.get(site);
    if (present != null) {
      if (present.type != type || present.length != length) {
        throw launch.fault(
            "allocates "
                + describe(type, length)
                + " where another work item allocates "
                + describe(present.type, present.length));
      }
      return present.data;
    }
    if (length < 1) {
      throw launch.fault("allocates a local array of " + length + " elements");
    }
    LocalArray array = new LocalArray(type, length);
    long bytes = (long) length * array.elementSize;
    for (LocalArray a : arrays) {
      bytes += (long) a.length * a.elementSize;
    }
    if (bytes > EmulatorDevice.LOCAL_MEMORY) {
      throw launch.fault(
          "allocates "
              + bytes
              + " bytes of local memory; the maximum is "
              + EmulatorDevice.LOCAL_MEMORY);
    }
    arrays.add(array);
    sites.put(site, array);
    fill(array);
    return array.data;
  }

  /** The byte of local memory at which an array's element is; negative for any other array. */
  long offset(Object array, int i) {
    long offset = 0;
    for (LocalArray a : arrays) {
      if (a.data == array) {
        return offset + (long) i * a.elementSize;
      }
      offset += (long) a.length * a.elementSize;
    }
    return -1;
  }

  private static String describe(Class<?> type, int length) {
    return type == HalfFloat.class
        ? "HalfFloat[" + length + "]"
        : type.getName() + "[" + length + "]";
  }

  /** A work item has reached a barrier or its end: attributes the changed elements to it. */
  void endInterval(WorkItem item) {
    if (!checking) {
      return;
    }
    for (int k = 0; k < arrays.size(); k++) {
      LocalArray a = arrays.get(k);
      if (a.now == null) {
        continue;
      }
      long bytes = a.now.byteSize();
      for (long at = 0; at < bytes; ) {
        long offset = MemorySegment.mismatch(a.now, at, bytes, a.before, at, bytes);
        if (offset < 0) {
          break;
        }
        int i = (int) ((at + offset) / a.elementSize);
        if (a.writer[i] != NO_WRITER && a.writer[i] != item.index) {
          throw launch.fault(
              "changes element "
                  + i
                  + " of its local array "
                  + (k + 1)
                  + ", "
                  + describe(a.type, a.length)
                  + ", which item "
                  + a.writer[i]
                  + " of the same workgroup has also changed since the last barrier: a race");
        }
        a.writer[i] = item.index;
        long start = (long) i * a.elementSize;
        MemorySegment.copy(a.now, start, a.before, start, a.elementSize);
        at = start + a.elementSize;
      }
    }
  }

  /** All work items have reached a barrier. */
  void barrier() {
    if (checking) {
      for (LocalArray a : arrays) {
        if (a.writer != null) {
          Arrays.fill(a.writer, NO_WRITER);
        }
      }
    }
  }
}
