package uk.ac.manchester.tornado.api.emulator;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import uk.ac.manchester.tornado.api.exceptions.TornadoBailoutRuntimeException;

/**
 * One run of a task's kernel: every work item, one at a time. A kernel with a context runs in
 * several orders of its items, each time on the same memory; what it writes must be the same bits.
 */
final class Launch {
  /** Stops an attempt to run the items one after the other: this kernel's meet at barriers. */
  private static final class Meeting extends Error {
    private static final long serialVersionUID = 1L;

    Meeting() {
      super(null, null, false, false);
    }
  }

  /** The launch that runs; graphs run one at a time. */
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
  private WorkItem item;
  private int highest;
  private int groupStart;
  private int interval;
  private int fence;

  /** A launch on this grid; null for a kernel without a context, which runs as it is. */
  Launch(Task task, Grid grid) {
    this.task = task;
    this.grid = grid;
    args = task.args.clone();
    int groupSize = grid == null ? 1 : grid.groupSize;
    local = new LocalMemory(this, groupSize);
    fibers = new Fibers(this);
    boolean alone = grid == null || (long) grid.groups * groupSize == 1;
    orders = alone ? 1 : Math.max(1, Integer.getInteger("gpt.emulator.orders", 3));
  }

  /** Runs the kernel on these buffers, and returns the memories that it has written to. */
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
      // Stamps of long ago could be taken for this launch's.
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
    if (!task.meets) {
      try {
        guarded(() -> runStraight(order, garbage));
        return;
      } catch (Meeting e) {
        task.meets = true;
        restore();
      }
    }
    guarded(() -> runMeeting(order, garbage));
  }

  private void runStraight(Order order, int garbage) {
    start(0);
    for (int group : order.groups) {
      local.startGroup(garbage);
      for (int index : order.items) {
        WorkItem next = grid.item(group, index);
        next.reset();
        resume(next);
        invoke(next);
        local.endStretch(next);
      }
      start(groupStart - Memory.base + grid.groupSize);
    }
  }

  private void runMeeting(Order order, int garbage) throws Throwable {
    start(0);
    WorkItem[] items = new WorkItem[grid.groupSize];
    for (int group : order.groups) {
      local.startGroup(garbage);
      for (int i = 0; i < items.length; i++) {
        items[i] = grid.item(group, order.items[i]);
        items[i].reset();
      }
      // Whether all meet at the same barrier takes a look at the stack, which costs more than all
      // else: it is done in one order, of the first launches and then now and again.
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
    if (task.meets) {
      fibers.barrier(at, global);
    } else if (grid.groupSize > 1) {
      throw new Meeting();
    }
  }

  // What the kernel has done.

  void beforeFirstWrite(Memory memory) {
    findMethod();
    // With one order only, and where it is known how the items run, nothing is to be restored.
    boolean known = task.meets || task.launches > 0 && task.grid == grid;
    dirty.put(memory, orders > 1 || !known ? new Snapshot(memory) : null);
  }

  private void restore() {
    for (Map.Entry<Memory, Snapshot> e : dirty.entrySet()) {
      if (e.getValue() == null) {
        throw error(
            "kernel " + task + " meets at a barrier only now; run it in more than one order");
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
                + " reads local memory that nobody has written: with other garbage in it, "
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

  /** After the first task that uses a copied buffer: would TornadoVM have copied it? */
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
    String other = "of another group";
    String remedy = "";
    if (s >= groupStart) {
      int groupSize = grid == null ? 1 : grid.groupSize;
      int index = (s - groupStart) % groupSize;
      int when = (s - groupStart) / groupSize;
      if (grid == null || index == item.index || when < fence) {
        return;
      }
      other = index + " of the same group";
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
          "uses an array that is none of its arguments ("
              + memory.kind()
              + ")"
              + (bound.contains(memory) ? ", or in a way that only the host can" : ""));
    }
  }

  /** Before the kernel gets local memory: does it use it in a way that only works here? */
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
              + ": TornadoVM addresses other elements of it there; let that method allocate it");
    }
  }

  // How it is said.

  private void findMethod() {
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
    return error("kernel " + task + " " + what + (item == null ? "" : ", " + item));
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
    } catch (Meeting | TornadoBailoutRuntimeException e) {
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
              + (item == null ? "" : ", " + item),
          cause);
    }
  }
}
