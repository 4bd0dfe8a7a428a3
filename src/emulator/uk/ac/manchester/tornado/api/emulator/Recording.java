package uk.ac.manchester.tornado.api.emulator;

/** Whether a graph's launches and copies are recorded at its first execution and replayed. */
public final class Recording {
  private boolean compiled;
  private boolean wanted;
  private boolean replays;

  Recording() {}

  /** Makes the graph's bytecode, as the first execution does otherwise. */
  public void compile() {
    compiled = true;
  }

  /** Asks for it; as in TornadoVM, this is ignored once the bytecode is made. */
  public void want() {
    wanted |= !compiled;
  }

  void launch() {
    if (!replays) {
      Submissions.addLaunch();
    }
  }

  void copy() {
    if (!replays) {
      Submissions.addCopy();
    }
  }

  void check(Task task, Grid grid) {
    if (replays && grid != task.grid) {
      throw Launch.error("kernel " + task + " was recorded with another grid than it has now");
    }
  }

  void executed() {
    if (wanted) {
      replays = true;
      Submissions.addGraphLaunch();
    }
  }

  /** The buffers are gone, and the recording with them. */
  void forget() {
    replays = false;
  }
}
