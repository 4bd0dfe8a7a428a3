package uk.ac.manchester.tornado.api.emulator;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * Counts what a kernel's warps do, from calls that a {@link CountingLoader} inserts into its code.
 *
 * <p>A warp is 32 work items with adjacent indices in their workgroup. Those of an
 * {@code @Parallel} kernel are numbered over the whole grid, the outermost loop's index fastest,
 * since TornadoVM makes that loop dimension 0. The warp's lanes execute an instruction together if
 * all have executed it equally often before. For such a request the distinct 32-byte sectors of
 * global memory are counted, and the passes that local memory takes: 32 banks, each of which serves
 * one 4-byte word at a time.
 *
 * <p>An element's address is that of TornadoVM's arrays, whose first element is 16 bytes into the
 * buffer.
 */
public final class Counting {
  /** Bytes that a GPU's memory system moves at least. */
  public static final int SECTOR = 32;

  private static final int BANKS = 32;

  /** Requests that are kept until their warps have ended. */
  private static final int MAX_REQUESTS = 8_000_000;

  private static Counting current;

  /** What one warp does in one instruction. */
  private static final class Request {
    private static final int LOAD = 0;
    private static final int STORE = 1;
    private static final int LOCAL = 2;

    private final int kind;
    private final ArrayTraffic.Builder array;
    private long[] distinct = new long[2];
    private int count;
    private long bytes;

    Request(int kind, ArrayTraffic.Builder array) {
      this.kind = kind;
      this.array = array;
    }

    /** Adds a sector, or a word of local memory. */
    void add(long place) {
      for (int i = count - 1; i >= 0; i--) {
        if (distinct[i] == place) {
          return;
        }
      }
      if (count == distinct.length) {
        distinct = Arrays.copyOf(distinct, 2 * count);
      }
      distinct[count++] = place;
    }

    /** Passes of local memory: the most words that one bank has to serve. */
    int passes() {
      int[] words = new int[BANKS];
      int most = 0;
      for (int i = 0; i < count; i++) {
        most = Math.max(most, ++words[(int) (distinct[i] % BANKS)]);
      }
      return most;
    }
  }

  /** A work item: how often it has executed each instruction, and the calls that it is in. */
  private static final class Lane {
    final Map<Long, Request> warp;
    int[] executed = new int[64];
    final List<Integer> callers = new ArrayList<>();
    int path;

    Lane(Map<Long, Request> warp) {
      this.warp = warp;
    }
  }

  private final Map<Long, Integer> places = new HashMap<>();
  private final Map<Memory, ArrayTraffic.Builder> arrays = new HashMap<>();
  private final Map<Long, Lane> lanes = new HashMap<>();
  private final Map<Long, Map<Long, Request>> warps = new TreeMap<>();

  /** Sizes of the @Parallel loops, from an execution before. */
  private final int[] sizes;

  private final int[] indices = new int[3];
  private final int[] limits = new int[3];
  private long group = -1;
  private int groups;
  private long items;
  private int requests;
  private long localRequests;
  private long localPasses;
  private long barriers;
  private long warpSums;
  private long flops;
  private long functions;

  private Counting(int[] sizes) {
    this.sizes = sizes;
  }

  /** A run of something that executes a kernel. */
  public interface Execution {
    /** Executes the kernel's graph once. */
    void run();
  }

  /**
   * Counts a graph's one kernel, whose class a {@link CountingLoader} has loaded. Executes it three
   * times: to find out whether it has barriers, how many work items its loops have, and to count.
   */
  public static Traffic of(Execution execution) {
    String orders = System.getProperty("gpt.emulator.orders");
    System.setProperty("gpt.emulator.orders", "1");
    try {
      execution.run();
      Counting sizing = new Counting(null);
      current = sizing;
      execution.run();
      Counting counting = new Counting(sizing.limits);
      current = counting;
      execution.run();
      return counting.result();
    } finally {
      current = null;
      if (orders == null) {
        System.clearProperty("gpt.emulator.orders");
      } else {
        System.setProperty("gpt.emulator.orders", orders);
      }
    }
  }

  private static Counting counting() {
    return Launch.current == null || current == null || current.sizes == null ? null : current;
  }

  // Called by the kernel.

  /** Before an array's element is read; {@code bytes} is 0 for the element's size. */
  public static void read(TornadoNativeArray array, int i, int bytes, int site) {
    Counting c = counting();
    if (c != null) {
      c.global(Memory.of(array), i, bytes, site, Request.LOAD);
    }
  }

  /** Before an array's element is written. */
  public static void write(TornadoNativeArray array, int i, int bytes, int site) {
    Counting c = counting();
    if (c != null) {
      c.global(Memory.of(array), i, bytes, site, Request.STORE);
    }
  }

  /** Before an element of a Java array, which may be in local memory, is read or written. */
  public static void local(Object array, int i, int site) {
    Counting c = counting();
    if (c != null) {
      c.localAccess(array, i, site);
    }
  }

  /** Before a barrier. */
  public static void barrier() {
    Counting c = counting();
    if (c != null) {
      c.lane();
      c.barriers += Launch.current.item.index == 0 ? 1 : 0;
    }
  }

  /** Before a warp's sum. */
  public static void warpSum() {
    Counting c = counting();
    if (c != null) {
      c.lane();
      c.warpSums += Launch.current.item.index % Fibers.WARP == 0 ? 1 : 0;
    }
  }

  /** At an addition, subtraction, multiplication or division of floats. */
  public static void flop() {
    Counting c = counting();
    if (c != null) {
      c.flops++;
    }
  }

  /** At a function of TornadoMath. */
  public static void function() {
    Counting c = counting();
    if (c != null) {
      c.functions++;
    }
  }

  /** Before a method of the kernel is called. */
  public static void enter(int call) {
    Counting c = counting();
    if (c != null) {
      Lane lane = c.lane();
      lane.callers.add(lane.path);
      lane.path = c.place(lane.path, call);
    }
  }

  /** After the method has returned. */
  public static void leave() {
    Counting c = counting();
    if (c != null) {
      Lane lane = c.lane();
      lane.path = lane.callers.removeLast();
    }
  }

  /** An @Parallel loop's variable has a new value; {@code loop} is 0 for the outermost. */
  public static void parallel(int value, int loop) {
    if (current != null && Launch.current != null) {
      current.indices[loop] = value;
      current.limits[loop] = Math.max(current.limits[loop], value);
    }
  }

  private int place(int path, int site) {
    return places.computeIfAbsent((long) path << 32 | site, p -> places.size() + 1);
  }

  private Lane lane() {
    WorkItem item = Launch.current.item;
    if (item == null) { // an @Parallel kernel
      long x = Math.max(1, sizes[0]);
      long y = Math.max(1, sizes[1]);
      return lane((indices[2] * y + indices[1]) * x + indices[0]);
    }
    long of =
        (item.groupIdz * (long) item.globalGroupSizeY + item.groupIdy) * item.globalGroupSizeX
            + item.groupIdx;
    if (of != group) {
      endWarps();
      group = of;
      groups++;
    }
    return lane(item.index);
  }

  private Lane lane(long index) {
    Lane lane = lanes.get(index);
    if (lane == null) {
      items++;
      lane = new Lane(warps.computeIfAbsent(index / Fibers.WARP, w -> new HashMap<>()));
      lanes.put(index, lane);
    }
    return lane;
  }

  private Request request(Lane lane, int site, int kind, ArrayTraffic.Builder array) {
    int place = place(lane.path, site);
    if (place >= lane.executed.length) {
      lane.executed = Arrays.copyOf(lane.executed, 2 * place);
    }
    long key = (long) place << 32 | lane.executed[place]++;
    Request request = lane.warp.get(key);
    if (request == null) {
      if (++requests > MAX_REQUESTS) {
        throw Launch.error("too many accesses to count: choose a smaller shape");
      }
      request = new Request(kind, array);
      lane.warp.put(key, request);
    }
    return request;
  }

  private void global(Memory memory, int i, int bytes, int site, int kind) {
    ArrayTraffic.Builder array = arrays.get(memory);
    if (array == null) {
      Launch.current.findMethod();
      array = new ArrayTraffic.Builder(Launch.current.task.parameter(memory));
      arrays.put(memory, array);
    }
    int size = bytes == 0 ? memory.elementSize : bytes;
    long first = Memory.HEADER + (long) i * memory.elementSize;
    Request request = request(lane(), site, kind, array);
    request.bytes += size;
    for (long s = first / SECTOR; s <= (first + size - 1) / SECTOR; s++) {
      request.add(s);
    }
  }

  private void localAccess(Object array, int i, int site) {
    long offset = Launch.current.local.offset(array, i);
    if (offset >= 0) {
      request(lane(), site, Request.LOCAL, null).add(offset / Float.BYTES);
    }
  }

  /** Adds up the requests of the warps that have ended. */
  private void endWarps() {
    for (Map<Long, Request> warp : warps.values()) {
      for (Request r : warp.values()) {
        if (r.kind == Request.LOCAL) {
          localRequests++;
          localPasses += r.passes();
        } else {
          r.array.add(r.kind == Request.STORE, r.bytes, r.distinct, r.count);
        }
      }
    }
    warps.clear();
    lanes.clear();
    requests = 0;
  }

  private Traffic result() {
    endWarps();
    return new Traffic(
        items,
        groups,
        arrays.values().stream()
            .map(ArrayTraffic.Builder::build)
            .sorted(Comparator.comparing(ArrayTraffic::name))
            .toList(),
        localRequests,
        localPasses,
        groups == 0 ? 0 : barriers / groups,
        warpSums,
        flops,
        functions);
  }
}
