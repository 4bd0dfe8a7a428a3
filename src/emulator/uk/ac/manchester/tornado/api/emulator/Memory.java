package uk.ac.manchester.tornado.api.emulator;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.function.Function;
import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * The memory of one array: the host's, and during a kernel the device's.
 *
 * <p>Each element of device memory has a stamp that identifies its last writer; an array without
 * stamps was fully initialized before the launch. The stamps show reads of uninitialized memory and
 * races: accesses to an element that another work item writes without a barrier in between.
 */
public abstract sealed class Memory permits FloatMemory, IntMemory, ByteMemory, ShortMemory {
  /** Bytes before an array's first element; TornadoVM keeps the number of elements there. */
  public static final long HEADER = Long.getLong("tornado.panama.objectHeader", 16);

  /** Gets an array's memory; set by the array's class, which has no public method for it. */
  private static Function<TornadoNativeArray, Memory> accessor;

  /** The stamp of an uninitialized element. */
  static final int UNWRITTEN = 0;

  /** The stamp of an element written before this launch. */
  static final int WRITTEN = 1;

  /** The first stamp of a work item's interval between barriers. */
  static final int FIRST = 2;

  /** The stamp of an element copied to the device, until the first task of the graph has run. */
  static final int FRESH = Integer.MIN_VALUE;

  /** The stamp of an element that TornadoVM would not have copied. */
  static final int SKIPPED = Integer.MIN_VALUE + 1;

  /** The stamp of the current work item and its current interval between barriers. */
  static int now;

  /** The first stamp of this launch; those of atomic writes are complements. */
  static int base;

  final int size;
  final int elementSize;
  final MemorySegment segment;

  /** One bit for each element that the host wrote; null if it wrote all of them. */
  private long[] hostWritten;

  /** Explains why elements are uninitialized on the host. */
  private String reason = "";

  /** The device's stamps during a launch; null if all elements are initialized. */
  int[] stamps;

  /** True once a kernel of this launch has written to it. */
  boolean dirty;

  /** The device's buffer during a launch, otherwise null. */
  DeviceBuffer buffer;

  Memory(int size, int elementSize) {
    if (size < 0) {
      throw new TornadoRuntimeException("expected an array size of 0 or more, found " + size);
    }
    this.size = size;
    this.elementSize = elementSize;
    segment = Arena.ofAuto().allocate(HEADER + (long) size * elementSize, 16);
    segment.set(ValueLayout.JAVA_INT, 0, size);
    data().fill((byte) 0xFF);
    hostWritten = new long[(size + 63) >>> 6];
  }

  Memory(MemorySegment withHeader, int elementSize) {
    long bytes = withHeader.byteSize() - HEADER;
    if (bytes < 0 || bytes % elementSize != 0) {
      throw new IllegalArgumentException(
          bytes + " bytes after the header are not a whole number of elements");
    }
    size = Math.toIntExact(bytes / elementSize);
    this.elementSize = elementSize;
    segment = withHeader;
    segment.set(ValueLayout.JAVA_INT_UNALIGNED, 0, size);
  }

  /** Sets how to get an array's memory. */
  public static void access(Function<TornadoNativeArray, Memory> memoryOf) {
    accessor = memoryOf;
  }

  /** Adds to an element atomically. */
  public static void atomicAdd(IntArray array, int i, int value) {
    ((IntMemory) of(array)).add(i, value);
  }

  static Memory of(TornadoNativeArray array) {
    return accessor.apply(array);
  }

  /** Number of elements. */
  public final int size() {
    return size;
  }

  /** Bytes of the elements and the header. */
  public final long bytes() {
    return segment.byteSize();
  }

  /** The host's memory with the header; all elements count as initialized from now on. */
  public final MemorySegment segmentWithHeader() {
    allWritten();
    return segment;
  }

  /** The host's elements; all count as initialized from now on. */
  public final MemorySegment hostSegment() {
    allWritten();
    return data();
  }

  final MemorySegment data() {
    return segment.asSlice(HEADER);
  }

  /** The array's name in messages. */
  final String kind() {
    return getClass().getSimpleName().replace("Memory", "Array").replace("Short", "HalfFloat")
        + " of "
        + size;
  }

  // On the device, the data is a Java array of the element's type.

  abstract Object newData();

  abstract MemorySegment heap(Object data);

  abstract String text(Object data, int i);

  abstract void use(Object data);

  final void bind(DeviceBuffer b) {
    if (buffer != null) {
      throw new IllegalStateException("the array takes part in two launches at once");
    }
    buffer = b;
    stamps = b.stamps;
    dirty = false;
    use(b.data);
  }

  final void unbind() {
    buffer.stamps = stamps;
    buffer = null;
    stamps = null;
    use(null);
  }

  // On the host.

  final void allWritten() {
    if (Launch.current != null) {
      Launch.current.refuseHostAccess(this);
    }
    hostWritten = null;
  }

  final void beforeHostWrite(int i) {
    if (Launch.current != null) {
      Launch.current.refuseHostAccess(this);
    }
    if (hostWritten != null && i >= 0 && i < size) {
      hostWritten[i >> 6] |= 1L << i;
    }
  }

  final void beforeHostRead(int i) {
    if (Launch.current != null) {
      Launch.current.refuseHostAccess(this);
    }
    if (hostWritten != null && i >= 0 && i < size && (hostWritten[i >> 6] >>> i & 1) == 0) {
      throw new TornadoRuntimeException(
          "the host reads element "
              + i
              + " of an array ("
              + kind()
              + "), which is uninitialized"
              + reason);
    }
  }

  /** Copies the host's elements to the device. */
  final void upload(DeviceBuffer to) {
    heap(to.data).copyFrom(data());
    int[] s = to.stamps == null ? new int[size] : to.stamps;
    Arrays.fill(s, FRESH);
    if (hostWritten != null) {
      for (int i = 0; i < size; i++) {
        if ((hostWritten[i >> 6] >>> i & 1) == 0) {
          s[i] = UNWRITTEN;
        }
      }
    }
    to.stamps = s;
    to.fresh = true;
    to.freshRead = false;
  }

  /** Copies the device's elements to the host; uninitialized elements stay uninitialized. */
  final void download(DeviceBuffer from) {
    data().copyFrom(heap(from.data));
    hostWritten = null;
    if (from.stamps != null) {
      long[] written = new long[(size + 63) >>> 6];
      boolean all = true;
      reason = " on the device, from where it was copied";
      for (int i = 0; i < size; i++) {
        if (from.stamps[i] == UNWRITTEN || from.stamps[i] == SKIPPED) {
          all = false;
          if (from.stamps[i] == SKIPPED) {
            reason = ": " + from.skipped();
          }
          data().asSlice((long) i * elementSize, elementSize).fill((byte) 0xFF);
        } else {
          written[i >> 6] |= 1L << i;
        }
      }
      hostWritten = all ? null : written;
    }
  }

  /** Whether the host has the same elements. */
  final boolean sameOnHost(DeviceBuffer b) {
    return heap(b.data).mismatch(data()) < 0;
  }

  // On the device. These are the slow paths; the classes of the element types have the fast ones.

  final void beforeFirstWrite() {
    Launch.current.beforeFirstWrite(this);
    if (stamps == null) {
      stamps = new int[size];
      Arrays.fill(stamps, WRITTEN);
    }
    dirty = true;
  }

  final void checkRead(int i, int stamp) {
    switch (stamp) {
      case UNWRITTEN ->
          throw Launch.current.fault("reads " + name(i) + ", which is uninitialized on the device");
      case FRESH -> {
        buffer.freshRead = true;
        replaceStamps(FRESH, WRITTEN);
      }
      case SKIPPED -> {
        if (buffer.skippedBy != Launch.current.task) {
          throw Launch.current.fault(
              "reads "
                  + name(i)
                  + ", which was not copied to the device: the first task of the graph that uses"
                  + " it, "
                  + buffer.skippedBy.name
                  + ", only writes it, and TornadoVM can skip the copy then");
        }
        replaceStamps(SKIPPED, WRITTEN);
      }
      default -> Launch.current.checkRace(this, i, stamp, "reads");
    }
  }

  final void checkWrite(int i, int stamp) {
    if (stamp != FRESH && stamp != SKIPPED) {
      Launch.current.checkRace(this, i, stamp, "writes");
    }
  }

  /** Before an atomic update; concurrent atomic updates are not a race. */
  final void beforeAtomic(int i) {
    if (!dirty) {
      beforeFirstWrite();
    }
    int s = stamps[i];
    if (s == UNWRITTEN || s == FRESH || s == SKIPPED) {
      checkRead(i, s);
    } else if (s >= base && s != now) {
      Launch.current.checkRace(this, i, s, "adds to");
    }
  }

  final RuntimeException outOfBounds(int i, boolean write) {
    return Launch.current.fault(
        (write ? "writes " : "reads ") + name(i) + ", which is out of bounds");
  }

  private String name(int i) {
    return Launch.current.name(this, i);
  }

  final void replaceStamps(int from, int to) {
    for (int i = 0; i < size; i++) {
      if (stamps[i] == from) {
        stamps[i] = to;
      }
    }
  }
}
