package uk.ac.manchester.tornado.api.emulator;

import java.util.Arrays;
import uk.ac.manchester.tornado.api.WorkerGrid;

/** The sizes of a launch, and its work items, which later launches of the same task reuse. */
final class Grid {
  /** Work items are reused up to this number: creating them takes longer than running them. */
  private static final int MAX_KEPT = 1 << 16;

  private final int[] global;
  private final int[] local;
  private final int[] groupCounts;
  private final boolean localGiven;
  private final WorkItem[] kept;

  /** Number of workgroups. */
  final int groups;

  /** Work items per workgroup. */
  final int groupSize;

  private Grid(int[] global, int[] local, boolean localGiven) {
    this.global = global;
    this.local = local;
    this.localGiven = localGiven;
    groupCounts = new int[] {global[0] / local[0], global[1] / local[1], global[2] / local[2]};
    groups = groupCounts[0] * groupCounts[1] * groupCounts[2];
    groupSize = local[0] * local[1] * local[2];
    kept = (long) groups * groupSize <= MAX_KEPT ? new WorkItem[groups * groupSize] : null;
  }

  /** The grid of a task; returns {@code last} if it has the same sizes. */
  static Grid of(WorkerGrid worker, String task, Grid last) {
    int[] global = sizes(worker.getGlobalWork(), "global", task);
    long[] given = worker.getLocalWork();
    if (Arrays.stream(worker.getGlobalOffset()).anyMatch(o -> o != 0)) {
      throw Launch.error("kernel " + task + ": the emulator does not support a global offset");
    }
    if (Math.multiplyExact(Math.multiplyExact((long) global[0], global[1]), global[2])
        > Integer.MAX_VALUE) {
      throw Launch.error("kernel " + task + ": more than 2^31 work items");
    }
    int[] local = given == null ? defaultLocalSize(global) : sizes(given, "local", task);
    if (last != null
        && last.localGiven == (given != null)
        && Arrays.equals(last.global, global)
        && Arrays.equals(last.local, local)) {
      return last;
    }
    for (int d = 0; d < 3; d++) {
      if (global[d] % local[d] != 0) {
        throw Launch.error(
            "kernel "
                + task
                + ": the local size "
                + Arrays.toString(local)
                + " does not divide the global size "
                + Arrays.toString(global)
                + "; round the global size up and guard the kernel");
      }
    }
    long size = (long) local[0] * local[1] * local[2];
    if (size > EmulatorDevice.MAX_GROUP) {
      throw Launch.error(
          "kernel "
              + task
              + ": a local size of "
              + Arrays.toString(local)
              + " is a workgroup of "
              + size
              + " work items; the maximum is "
              + EmulatorDevice.MAX_GROUP);
    }
    return new Grid(global, local, given != null);
  }

  private static int[] sizes(long[] given, String what, String task) {
    for (long size : given) {
      if (size < 1 || size > Integer.MAX_VALUE) {
        throw Launch.error(
            "kernel " + task + ": its " + what + " size is " + Arrays.toString(given));
      }
    }
    return Arrays.stream(given).mapToInt(Math::toIntExact).toArray();
  }

  /** The local size if none is set: at most 64 in x. */
  private static int[] defaultLocalSize(int[] global) {
    int x = Math.min(64, global[0]);
    while (global[0] % x != 0) {
      x--;
    }
    return new int[] {x, 1, 1};
  }

  WorkItem item(int group, int index) {
    WorkItem item = kept == null ? null : kept[group * groupSize + index];
    if (item == null) {
      item = new WorkItem(index, split(group, groupCounts), split(index, local), global, local);
      if (kept != null) {
        kept[group * groupSize + index] = item;
      }
    }
    return item;
  }

  private static int[] split(int index, int[] sizes) {
    return new int[] {index % sizes[0], index / sizes[0] % sizes[1], index / sizes[0] / sizes[1]};
  }
}
