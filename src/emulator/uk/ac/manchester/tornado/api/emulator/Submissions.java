package uk.ac.manchester.tornado.api.emulator;

/**
 * Counts what the host has submitted to the device, for all plans together, as a driver would.
 * While a graph is recorded, its launches and copies count; each replay is one graph launch.
 *
 * @param executes executions of a graph
 * @param kernels kernels that have run, in replays too
 * @param launches kernel launches outside recorded graphs
 * @param copies copies to the device: arrays, and one for each launch's grid
 * @param graphLaunches recorded graphs launched
 */
public record Submissions(
    long executes, long kernels, long launches, long copies, long graphLaunches) {
  private static Submissions total = new Submissions(0, 0, 0, 0, 0);
  private static long workItems;

  /** The counts since the start of the JVM. */
  public static synchronized Submissions total() {
    return total;
  }

  /** Work items of all kernels with a grid that have run since the JVM has started, replays too. */
  public static synchronized long workItems() {
    return workItems;
  }

  /** The difference to an earlier total. */
  public Submissions since(Submissions earlier) {
    return new Submissions(
        executes - earlier.executes,
        kernels - earlier.kernels,
        launches - earlier.launches,
        copies - earlier.copies,
        graphLaunches - earlier.graphLaunches);
  }

  private static void add(int executes, int kernels, int launches, int copies, int graphLaunches) {
    total =
        new Submissions(
            total.executes + executes,
            total.kernels + kernels,
            total.launches + launches,
            total.copies + copies,
            total.graphLaunches + graphLaunches);
  }

  static synchronized void addExecute() {
    add(1, 0, 0, 0, 0);
  }

  /** Like in TornadoVM, each launch copies its grid to the device. */
  static synchronized void addLaunch() {
    add(0, 1, 1, 1, 0);
  }

  static synchronized void addReplayedKernel() {
    add(0, 1, 0, 0, 0);
  }

  static synchronized void addCopy() {
    add(0, 0, 0, 1, 0);
  }

  static synchronized void addWorkItems(Grid grid) {
    workItems += (long) grid.groups * grid.groupSize;
  }

  static synchronized void addGraphLaunch() {
    add(0, 0, 0, 0, 1);
  }
}
