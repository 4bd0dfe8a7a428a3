package uk.ac.manchester.tornado.api.emulator;

/** Whether a graph's launches and copies are recorded at its first execution and replayed. */
public final class Recording {
  private boolean compiled;
  private boolean requested;
  private boolean replays;

  Recording() {}

  /** Compiles the graph; otherwise its first execution does. */
  public void compile() {
    compiled = true;
  }

  /** Requests a recording; like in TornadoVM, ignored once the graph is compiled. */
  public void request() {
    requested |= !compiled;
  }

  void launch() {
    if (replays) {
      Submissions.addReplayedKernel();
    } else {
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
      throw Launch.error("kernel " + task + " was recorded with another grid");
    }
  }

  void executed() {
    Submissions.addExecute();
    if (requested) {
      replays = true;
      Submissions.addGraphLaunch();
    }
  }

  /** Discards the recording, because the buffers are freed. */
  void discard() {
    replays = false;
  }
}
