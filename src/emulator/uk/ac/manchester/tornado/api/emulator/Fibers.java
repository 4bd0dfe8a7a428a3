package uk.ac.manchester.tornado.api.emulator;

import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Runs the items of a group that meet at barriers: each on a virtual thread of its own, one at a
 * time and in a given order, so that every run is the same and a debugger can follow one item. An
 * item that comes to a barrier wakes the next one itself.
 */
final class Fibers {
  static {
    // Items run one at a time, and to hand over to another core takes longer: two carriers took
    // twice the time. Read when the process starts its first virtual thread.
    for (String size : List.of("parallelism", "maxPoolSize")) {
      String property = "jdk.virtualThreadScheduler." + size;
      if (System.getProperty(property) == null) {
        System.setProperty(property, "1");
      }
    }
  }

  /** Ends the thread of an item whose group has failed. */
  private static final class Abandoned extends Error {
    private static final long serialVersionUID = 1L;

    Abandoned() {
      super(null, null, false, false);
    }
  }

  private final Launch launch;
  private WorkItem[] items;
  private boolean compareSites;
  private int position;
  private int finished;
  private boolean global;
  private Throwable failure;
  private Thread owner;
  private volatile WorkItem turn;
  private volatile boolean done;
  private volatile boolean abandoned;

  Fibers(Launch launch) {
    this.launch = launch;
  }

  /** Runs a group's items in this order and returns once all have returned from the kernel. */
  void run(WorkItem[] inOrder, boolean compareBarriers) throws Throwable {
    items = inOrder;
    compareSites = compareBarriers;
    position = 0;
    finished = 0;
    global = false;
    failure = null;
    done = false;
    abandoned = false;
    owner = Thread.currentThread();
    handTo(items[0]);
    while (!done) {
      LockSupport.park(this);
    }
    if (failure != null) {
      abandon();
      throw failure;
    }
  }

  private void body(WorkItem item) {
    try {
      launch.invoke(item);
      item.finished = true;
      finished++;
      endStretch(item);
    } catch (Abandoned e) {
      // The owner waits for this thread's end.
    } catch (Throwable t) {
      failure = t;
      release();
    }
  }

  /** The item waits until all others of its group have come here too. */
  void barrier(WorkItem item, boolean globalToo) {
    global = globalToo;
    if (compareSites) {
      item.site = Stacks.callSite();
    }
    endStretch(item);
    while (turn != item) {
      if (abandoned) {
        throw new Abandoned();
      }
      LockSupport.park(this);
    }
  }

  private void endStretch(WorkItem item) {
    launch.local.endStretch(item);
    position++;
    if (position < items.length) {
      handTo(items[position]);
      return;
    }
    if (finished == items.length) {
      release();
      return;
    }
    checkMeeting();
    launch.local.barrier();
    launch.passBarrier(global);
    position = 0;
    handTo(items[0]);
  }

  private void handTo(WorkItem item) {
    launch.resume(item);
    turn = item;
    if (item.thread == null) {
      item.thread = Thread.ofVirtual().name(item.name()).unstarted(() -> body(item));
      item.thread.start();
    } else {
      LockSupport.unpark(item.thread);
    }
  }

  private void release() {
    done = true;
    LockSupport.unpark(owner);
  }

  private void checkMeeting() {
    WorkItem waiting = null;
    WorkItem other = null;
    for (WorkItem item : items) {
      if (!item.finished && waiting == null) {
        waiting = item;
      }
    }
    for (WorkItem item : items) {
      if (item.finished || item.site != waiting.site) {
        other = item;
      }
    }
    if (other != null) {
      launch.resume(waiting);
      throw launch.faultAt(
          "waits at a barrier"
              + place(waiting)
              + ", but "
              + other
              + (other.finished ? " has returned" : " waits at another one" + place(other)));
    }
  }

  /** Where a waiting item is; it is parked, so its thread can be looked at. */
  private String place(WorkItem item) {
    if (item.thread == Thread.currentThread()) {
      return Stacks.place();
    }
    return Stacks.place(item.thread.getStackTrace());
  }

  private void abandon() throws InterruptedException {
    abandoned = true;
    for (WorkItem item : items) {
      if (item.thread != null) {
        LockSupport.unpark(item.thread);
      }
    }
    for (WorkItem item : items) {
      if (item.thread != null) {
        item.thread.join();
      }
    }
  }
}
