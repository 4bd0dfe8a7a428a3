package uk.ac.manchester.tornado.api.emulator;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * A task graph: its transfers, its tasks and its buffers on the device. As in TornadoVM, each graph
 * has its own buffer for an array; consuming an array takes over the buffer of the graph that was
 * executed last.
 */
public final class Graph {
  /** Graphs run one at a time: during a kernel, arrays refer to the device's memory. */
  private static final ReentrantLock RUNNING = new ReentrantLock();

  /** Bytes that TornadoVM copies, and counts, for each launch. */
  private static final int LAUNCH_BYTES = 24;

  final String name;
  private final Map<TornadoNativeArray, Slot> slots = new LinkedHashMap<>();
  private final List<Task> tasks = new ArrayList<>();

  /** The arrays to take over, by the name of the graph that was executed last. */
  private final Map<String, Set<Slot>> consumedFrom = new HashMap<>();

  private Graph last;
  private final Counts counts = new Counts();

  private final Recording recording = new Recording();

  /** An empty graph. */
  public Graph(String name) {
    this.name = name;
  }

  /** Its name. */
  public String name() {
    return name;
  }

  private Slot slot(Object object, String what) {
    if (object instanceof TornadoNativeArray array) {
      return slots.computeIfAbsent(array, Slot::new);
    }
    throw new TornadoRuntimeException(
        "graph " + name + ": " + what + " takes arrays of this API, not " + object);
  }

  /**
   * Declares arrays to be copied to the device; numbers are passed with each launch and ignored.
   */
  public void transferToDevice(int mode, Object... objects) {
    for (Object object : objects) {
      if (!(object instanceof Number)) {
        slot(object, "transferToDevice").toDevice = mode;
      }
    }
  }

  /** Declares arrays to be copied to the host, or to be kept on the device until asked for. */
  public void transferToHost(int mode, Object... objects) {
    for (Object object : objects) {
      Slot slot = slot(object, "transferToHost");
      if (mode == DataTransferMode.UNDER_DEMAND) {
        slot.persisted = true;
      } else {
        slot.toHost = true;
      }
    }
  }

  /** Declares arrays to be taken over from another graph. */
  public void consume(String from, Object... objects) {
    for (Object object : objects) {
      slot(object, "consumeFromDevice").consumed.add(from);
    }
  }

  /** Adds a task. */
  public void task(String id, Kernel kernel, Object... args) {
    Task task = new Task(name + "." + id, kernel, args);
    for (Object arg : args) {
      if (arg instanceof TornadoNativeArray array) {
        Slot slot = slot(array, "a task");
        if (slot.firstUse == null) {
          slot.firstUse = task;
        }
      } else if (!(arg instanceof Number
          || arg instanceof Boolean
          || arg instanceof Character
          || arg instanceof KernelContext)) {
        throw new TornadoRuntimeException(
            "task "
                + task.name
                + ": its arguments are arrays of this API, numbers and a KernelContext, not "
                + arg);
      }
    }
    tasks.add(task);
  }

  /** An independent copy. */
  public Graph snapshot() {
    Graph copy = new Graph(name);
    slots.forEach((array, slot) -> copy.slots.put(array, slot.copy()));
    copy.tasks.addAll(tasks);
    for (Slot slot : copy.slots.values()) {
      for (String from : slot.consumed) {
        copy.consumedFrom.computeIfAbsent(from, f -> new LinkedHashSet<>()).add(slot);
      }
    }
    return copy;
  }

  /** Whether the scheduler has a grid for one of the tasks. */
  public boolean uses(GridScheduler grids) {
    return tasks.stream().anyMatch(t -> grids.get(t.name) != null);
  }

  /** The recording of the graph's submissions. */
  public Recording recording() {
    return recording;
  }

  /** Sets the graph that the plan executed last. */
  public void setLast(Graph graph) {
    last = graph;
  }

  /** Transferred bytes and times of the last execution. */
  public Counts counts() {
    return counts;
  }

  /** Bytes of all its arrays. */
  public long bytes() {
    return slots.values().stream().mapToLong(s -> s.memory.bytes() - Memory.HEADER).sum();
  }

  /** Bytes of its buffers on the device. */
  public long bytesOnDevice() {
    return slots.values().stream()
        .filter(s -> s.buffer != null && s.consumed.isEmpty())
        .mapToLong(s -> s.memory.bytes())
        .sum();
  }

  /**
   * Frees its buffers. A buffer that it took over is freed only if it persists it, and TornadoVM
   * fails if another graph has freed it already.
   */
  public void free() {
    recording.discard();
    for (Slot slot : slots.values()) {
      if (slot.buffer != null && (slot.consumed.isEmpty() || slot.persisted || slot.toHost)) {
        if (slot.buffer.freed) {
          throw Launch.error(
              "graph "
                  + name
                  + " frees "
                  + slot.name()
                  + ", whose buffer another graph has freed: a consumed buffer is passed on to "
                  + "the next graph anyway, so do not persist it as well");
        }
        slot.buffer.freed = true;
      }
      slot.buffer = null;
      slot.uploaded = false;
    }
  }

  /** Runs all transfers and tasks; at most {@code availableBytes} are allocated. */
  public void execute(GridScheduler grids, boolean profile, long availableBytes) {
    RUNNING.lock();
    try {
      if (Launch.current != null) {
        throw new TornadoRuntimeException("graph " + name + " is executed from within a kernel");
      }
      counts.start(profile);
      recording.compile();
      takeOver();
      allocate(availableBytes);
      upload();
      for (Task task : tasks) {
        launch(task, grids);
      }
      download();
      recording.executed();
      counts.stop();
    } finally {
      RUNNING.unlock();
    }
  }

  /** Like TornadoVM, takes buffers over only from the graph that was executed last. */
  private void takeOver() {
    if (last != null) {
      Set<Slot> wanted = consumedFrom.get(last.name);
      if (wanted == null) {
        wanted = new LinkedHashSet<>();
        for (Slot slot : slots.values()) {
          if (!slot.consumed.isEmpty()) {
            wanted.add(slot);
          }
        }
        consumedFrom.put(last.name, wanted);
      }
      for (Slot slot : wanted) {
        Slot source = last.slots.get(slot.array);
        boolean kept = source != null && (source.persisted || !source.consumed.isEmpty());
        slot.buffer = kept && source.buffer != null && !source.buffer.freed ? source.buffer : null;
      }
    }
    for (Slot slot : slots.values()) {
      if (!slot.consumed.isEmpty() && (slot.buffer == null || slot.buffer.freed)) {
        throw Launch.error(
            "graph "
                + name
                + " consumes "
                + slot.name()
                + sources(slot)
                + ", but "
                + missing(slot));
      }
    }
  }

  private String sources(Slot slot) {
    return slot.consumed.contains(name) ? "" : " from " + String.join(" or ", slot.consumed);
  }

  private String missing(Slot slot) {
    if (last == null) {
      return "no graph was executed before it; executing all graphs at once passes no buffers on; "
          + "execute them one by one with withGraph";
    }
    Slot source = last.slots.get(slot.array);
    if (source == null) {
      return "the graph executed last, "
          + last.name
          + ", does not have it; buffers are passed on only from the graph executed last, so that"
          + " graph must consume it too";
    }
    if (!source.persisted && source.consumed.isEmpty()) {
      return last.name + " does not persist it on the device";
    }
    if (source.firstUse == null && source.consumed.isEmpty()) {
      return last.name + " has no buffer of it: none of its tasks uses it";
    }
    return last.name + " has no buffer of it any more";
  }

  private void allocate(long availableBytes) {
    long left = availableBytes;
    for (Slot slot : slots.values()) {
      slot.written = false;
      boolean needed = slot.firstUse != null || is(slot, DataTransferMode.EVERY_EXECUTION);
      if (needed && slot.consumed.isEmpty() && slot.buffer == null) {
        left -= slot.memory.bytes();
        if (left < 0) {
          throw MemoryLimit.outOf(slot.memory.bytes(), slot.name());
        }
        slot.buffer = new DeviceBuffer(slot.memory);
        slot.uploaded = false;
      }
    }
  }

  private static boolean is(Slot slot, int mode) {
    return slot.toDevice != null && slot.toDevice == mode;
  }

  private void upload() {
    for (Slot slot : slots.values()) {
      slot.copiedNow =
          is(slot, DataTransferMode.EVERY_EXECUTION)
              || is(slot, DataTransferMode.FIRST_EXECUTION)
                  && slot.firstUse != null
                  && !slot.uploaded;
      slot.copiedNow &= slot.consumed.isEmpty();
      if (slot.copiedNow) {
        slot.memory.upload(slot.buffer);
        slot.uploaded = true;
        counts.in(slot.memory.bytes());
        recording.copy();
      }
    }
  }

  private void launch(Task task, GridScheduler grids) {
    Grid grid = null;
    if (task.context >= 0) {
      WorkerGrid worker = grids == null ? null : grids.get(task.name);
      if (worker == null) {
        throw Launch.error(
            "kernel "
                + task
                + " takes a KernelContext, but has no WorkerGrid; there are grids for "
                + (grids == null ? "no task" : grids.keySet()));
      }
      grid = Grid.of(worker, task.name, task.grid);
      recording.check(task, grid);
      Submissions.addWorkItems(grid);
    }
    Map<Memory, DeviceBuffer> buffers = new LinkedHashMap<>();
    for (Object arg : task.args) {
      if (arg instanceof TornadoNativeArray array) {
        Slot slot = slots.get(array);
        buffers.put(slot.memory, slot.buffer);
      }
    }
    long start = System.nanoTime();
    Collection<Memory> written = new Launch(task, grid).run(buffers);
    counts.kernel(System.nanoTime() - start);
    counts.in(LAUNCH_BYTES);
    recording.launch();
    for (Slot slot : slots.values()) {
      if (buffers.containsKey(slot.memory)) {
        slot.written |= written.contains(slot.memory);
        if (slot.copiedNow && slot.firstUse == task && slot.buffer.skippedBy == task) {
          counts.in(-slot.memory.bytes());
        }
      }
    }
  }

  private void download() {
    for (Slot slot : slots.values()) {
      if (!slot.toHost) {
        continue;
      }
      if (slot.firstUse == null || !slot.written && !slot.memory.sameOnHost(slot.buffer)) {
        throw Launch.error(
            "graph "
                + name
                + " copies "
                + slot.name()
                + " to the host, but none of its tasks writes it: TornadoVM copies nothing then");
      }
      slot.memory.download(slot.buffer);
      counts.out(slot.memory.bytes());
    }
  }

  /** Copies arrays to the host that the graph persists or transfers. */
  public void transferToHost(Object... objects) {
    if (counts.executions == 0) {
      return;
    }
    RUNNING.lock();
    try {
      for (Object object : objects) {
        Slot slot = slots.get(object);
        boolean declared =
            slot != null
                && (slot.persisted
                    || slot.toHost
                    || slot.toDevice != null
                    || !slot.consumed.isEmpty());
        if (!declared || slot.buffer == null) {
          throw Launch.error(
              "graph "
                  + name
                  + " cannot copy "
                  + (slot == null ? "an array that it does not have" : slot.name())
                  + " to the host: "
                  + (declared
                      ? "none of its tasks uses it"
                      : "it does not persist it on the device"));
        }
        slot.memory.download(slot.buffer);
      }
      // TornadoVM resets its counters here and does not count these bytes.
      counts.start(counts.profile);
    } finally {
      RUNNING.unlock();
    }
  }
}
