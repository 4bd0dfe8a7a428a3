package uk.ac.manchester.tornado.api.emulator;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import uk.ac.manchester.tornado.api.exceptions.TornadoBailoutRuntimeException;

/**
 * One launch of a kernel: runs every work item, one at a time. A kernel with a context runs in
 * several orders of its work items, each time from the same memory; its results must have the same
 * bits.
 */
final class Launch {
  /**
   * Ends an attempt to run work items one after the other: the kernel uses barriers or shuffles.
   */
  private static final class BarrierReached extends Error {
    private static final long serialVersionUID = 1L;

    BarrierReached() {
      super(null, null, false, false);
    }
  }

  /** The current launch; graphs run one at a time. */
  static Launch current;

  private static int generation = 1;
  private static int nextStamp = Memory.FIRST;

  final Task task;
  final LocalMemory local;
  private final Grid grid;
  private final List<Memory> bound = new ArrayList<>();
  private final Map<Memory, Snapshot> dirty = new LinkedHashMap<>();
  private final Object[] args;
  private final Fibers fibers;
  private final Thread thread = Thread.currentThread();
  private final int orders;
  WorkItem item; // the one that runs; null in a kernel with @Parallel loops
  private int highest;
  private int groupStart;
  private int interval;
  private int fence;

  /** A launch; the grid is null for a kernel without a context. */
  Launch(Task task, Grid grid) {
    this.task = task;
    this.grid = grid;
    args = task.args.clone();
    int groupSize = grid == null ? 1 : grid.groupSize;
    fibers = new Fibers(this);
    boolean alone = grid == null || (long) grid.groups * groupSize == 1;
    orders = alone ? 1 : Math.max(1, Integer.getInteger("gpt.emulator.orders", 3));
    local = new LocalMemory(this, groupSize > 1 && orders > 1);
  }

  /** Runs the kernel on these buffers; returns the memories that it wrote to. */
  Set<Memory> run(Map<Memory, DeviceBuffer> buffers) {
    if (nextStamp > 1 << 30) {
      nextStamp = Memory.FIRST;
      generation++;
    }
    Memory.base = nextStamp;
    highest = nextStamp;
    current = this;
    try {
      buffers.forEach(this::bind);
      runInOrders();
      settle();
      task.launches++;
      task.grid = grid;
      return dirty.keySet();
    } finally {
      current = null;
      bound.forEach(Memory::unbind);
      nextStamp = highest + 1;
    }
  }

  private void bind(Memory memory, DeviceBuffer buffer) {
    if (buffer.generation != generation) {
      // Stamp numbers start again: old ones could be mistaken for this launch's.
      if (buffer.stamps != null) {
        for (int i = 0; i < memory.size; i++) {
          int s = buffer.stamps[i];
          if (s != Memory.UNWRITTEN && s != Memory.FRESH && s != Memory.SKIPPED) {
            buffer.stamps[i] = Memory.WRITTEN;
          }
        }
      }
      buffer.generation = generation;
    }
    memory.bind(buffer);
    bound.add(memory);
  }

  private void runInOrders() {
    if (grid == null) {
      start(0);
      guarded(() -> task.kernel.run(args));
      return;
    }
    long seed = Long.getLong("gpt.emulator.seed", 1);
    for (int k = 0; k < orders; k++) {
      Order order = Order.number(k, grid, seed);
      if (k == 1) {
        dirty.forEach((m, snapshot) -> snapshot.keepResult(m));
      }
      if (k > 0) {
        restore();
      }
      runIn(order, k);
      if (k > 0) {
        compare(order, k);
      }
    }
  }

  private void runIn(Order order, int garbage) {
    if (!task.usesBarriers) {
      try {
        guarded(() -> runWithoutBarriers(order, garbage));
        return;
      } catch (BarrierReached e) {
        task.usesBarriers = true;
        restore();
      }
    }
    guarded(() -> runWithBarriers(order, garbage));
  }

  private void runWithoutBarriers(Order order, int garbage) {
    start(0);
    for (int group : order.groups) {
      local.startGroup(garbage);
      for (int index : order.items) {
        WorkItem next = grid.item(group, index);
        next.reset();
        resume(next);
        invoke(next);
        local.endInterval(next);
      }
      start(groupStart - Memory.base + grid.groupSize);
    }
  }

  private void runWithBarriers(Order order, int garbage) throws Throwable {
    start(0);
    WorkItem[] items = new WorkItem[grid.groupSize];
    for (int group : order.groups) {
      local.startGroup(garbage);
      for (int i = 0; i < items.length; i++) {
        items[i] = grid.item(group, order.items[i]);
        items[i].reset();
      }
      // Checking that all items wait at the same barrier inspects the stack, which is slow: it is
      // done in one order of the first launches and of every 16th.
      boolean now = task.launches < 3 || task.launches % 16 == 0;
      fibers.run(items, orders > 1 && garbage == 0 && now);
      start(groupStart - Memory.base + (interval + 1) * grid.groupSize);
    }
  }

  private void start(int offset) {
    groupStart = Math.addExact(Memory.base, offset);
    interval = 0;
    fence = 0;
    Memory.now = groupStart;
    highest = Math.max(highest, groupStart);
  }

  void resume(WorkItem next) {
    item = next;
    Memory.now = groupStart + interval * grid.groupSize + next.index;
  }

  void passBarrier(boolean global) {
    interval++;
    if (global) {
      fence = interval;
    }
  }

  void invoke(WorkItem next) {
    args[task.context] = next;
    task.kernel.run(args);
  }

  void barrier(WorkItem at, boolean global) {
    if (task.usesBarriers) {
      fibers.barrier(at, global);
    } else if (grid.groupSize > 1) {
      throw new BarrierReached();
    }
  }

  float simdSum(WorkItem at, float value) {
    if (grid.groupSize % Fibers.WARP != 0) {
      throw fault(
          "calls simdSum in a workgroup of "
              + grid.groupSize
              + " work items, which is not a multiple of a warp's "
              + Fibers.WARP);
    }
    if (!task.usesBarriers) {
      throw new BarrierReached();
    }
    return fibers.simdSum(at, value);
  }

  // Checks of the results.

  void beforeFirstWrite(Memory memory) {
    findMethod();
    // A snapshot is not needed with a single order, if it is known whether the kernel uses
    // barriers.
    boolean known = task.usesBarriers || task.launches > 0 && task.grid == grid;
    dirty.put(memory, orders > 1 || !known ? new Snapshot(memory) : null);
  }

  private void restore() {
    for (Map.Entry<Memory, Snapshot> e : dirty.entrySet()) {
      if (e.getValue() == null) {
        throw error(
            "kernel "
                + task
                + " reaches a barrier for the first time in a later launch; run it in more than one"
                + " order");
      }
      e.getValue().restore(e.getKey());
    }
  }

  private void compare(Order order, int garbage) {
    for (Map.Entry<Memory, Snapshot> e : dirty.entrySet()) {
      Memory m = e.getKey();
      int at = e.getValue().firstDifference(m);
      if (at < 0) {
        continue;
      }
      String first = m.text(e.getValue().result(), at);
      String second = m.text(m.buffer.data, at);
      restore();
      runIn(Order.number(0, grid, 0), garbage);
      if (e.getValue().firstDifference(m) >= 0) {
        throw error(
            "kernel "
                + task
                + " reads uninitialized local memory (is a barrier missing?): with other initial"
                + " values, "
                + name(m, at)
                + " changes from "
                + first);
      }
      throw error(
          "kernel "
              + task
              + " has a race: "
              + name(m, at)
              + " is "
              + first
              + " when its work items run forward and "
              + second
              + " when they run "
              + order.name);
    }
  }

  /** After the first task that uses a copied buffer, decides whether TornadoVM would copy it. */
  private void settle() {
    for (Memory m : bound) {
      boolean skipped = m.buffer.fresh && m.dirty && !m.buffer.freshRead;
      if (m.buffer.fresh) {
        m.replaceStamps(Memory.FRESH, skipped ? Memory.SKIPPED : Memory.WRITTEN);
        m.buffer.skippedBy = skipped ? task : null;
      }
      m.buffer.fresh = false;
      if (m.stamps != null && !contains(m, Memory.UNWRITTEN) && !contains(m, Memory.SKIPPED)) {
        m.stamps = null;
      }
    }
  }

  private static boolean contains(Memory m, int stamp) {
    for (int s : m.stamps) {
      if (s == stamp) {
        return true;
      }
    }
    return false;
  }

  void checkRace(Memory memory, int i, int stamp, String does) {
    int s = stamp < 0 ? ~stamp : stamp;
    if (s < Memory.base) {
      return;
    }
    String other = "of another workgroup";
    String remedy = "";
    if (s >= groupStart) {
      int groupSize = grid == null ? 1 : grid.groupSize;
      int index = (s - groupStart) % groupSize;
      int when = (s - groupStart) / groupSize;
      if (grid == null || index == item.index || when < fence) {
        return;
      }
      other = index + " of the same workgroup";
      if (when < interval) {
        remedy = " (a localBarrier orders local memory only; globalBarrier does global memory)";
      }
    }
    throw fault(
        does
            + " "
            + name(memory, i)
            + ", which item "
            + other
            + " writes without a barrier in between: a race"
            + remedy);
  }

  void refuseHostAccess(Memory memory) {
    if (Thread.currentThread() == thread || item != null && item.thread == Thread.currentThread()) {
      throw fault(
          "uses an array that is not one of its arguments ("
              + memory.kind()
              + ")"
              + (bound.contains(memory) ? ", or in a way that only the host can" : ""));
    }
  }

  /** Before the kernel allocates local memory, checks for uses that TornadoVM miscompiles. */
  void beforeLocalArray() {
    findMethod();
    if (task.checked || task.method == null) {
      return;
    }
    task.checked = true;
    String method = KernelCode.takesArray(task.method);
    if (method != null) {
      throw fault(
          "uses local memory and passes an array to "
              + method
              + ": TornadoVM addresses the wrong elements there; allocate the array in that"
              + " method");
    }
  }

  // Messages.

  void findMethod() {
    if (task.method == null) {
      task.method = Stacks.kernel();
    }
  }

  String name(Memory memory, int i) {
    findMethod();
    return task.name(memory, i);
  }

  RuntimeException fault(String what) {
    return faultAt(what + Stacks.place());
  }

  RuntimeException faultAt(String what) {
    findMethod();
    return error("kernel " + task + " " + what + (item == null ? "" : ", in " + item));
  }

  static RuntimeException error(String message) {
    return new TornadoBailoutRuntimeException(message);
  }

  private interface Body {
    void run() throws Throwable;
  }

  private void guarded(Body body) {
    try {
      body.run();
    } catch (BarrierReached | TornadoBailoutRuntimeException e) {
      throw e;
    } catch (Throwable t) {
      Exception cause = t instanceof Exception e ? e : new Exception(t);
      if (task.method == null) {
        task.label = Stacks.kernel(t.getStackTrace());
      }
      throw new TornadoBailoutRuntimeException(
          "kernel "
              + task
              + " throws "
              + t
              + Stacks.place(t.getStackTrace())
              + (item == null ? "" : ", in " + item),
          cause);
    }
  }
}
