package uk.ac.manchester.tornado.api.emulator;

/**
 * What the host has submitted to the device, by all plans together: what a driver would count. A
 * graph's recording is submitted as it is recorded, each replay is one graph launch.
 *
 * @param launches kernels launched by themselves
 * @param copies copies to the device: arrays, and one for each launch's grid
 * @param graphLaunches recorded graphs launched
 */
public record Submissions(long launches, long copies, long graphLaunches) {
  private static Submissions total = new Submissions(0, 0, 0);
  private static long workItems;

  /** All since the JVM has started. */
  public static synchronized Submissions total() {
    return total;
  }

  /** Work items of all kernels with a grid that have run since the JVM has started, replays too. */
  public static synchronized long workItems() {
    return workItems;
  }

  /** What came after an earlier total. */
  public Submissions since(Submissions earlier) {
    return plus(-earlier.launches, -earlier.copies, -earlier.graphLaunches);
  }

  private Submissions plus(long moreLaunches, long moreCopies, long moreGraphLaunches) {
    return new Submissions(
        launches + moreLaunches, copies + moreCopies, graphLaunches + moreGraphLaunches);
  }

  /** As in TornadoVM, a launch has its grid copied. */
  static synchronized void addLaunch() {
    total = total.plus(1, 1, 0);
  }

  static synchronized void addCopy() {
    total = total.plus(0, 1, 0);
  }

  static synchronized void addWorkItems(Grid grid) {
    workItems += (long) grid.groups * grid.groupSize;
  }

  static synchronized void addGraphLaunch() {
    total = total.plus(0, 0, 1);
  }
}
