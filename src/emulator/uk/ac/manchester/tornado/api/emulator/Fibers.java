package uk.ac.manchester.tornado.api.emulator;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Runs the work items of a workgroup that uses barriers: each on its own virtual thread, one at a
 * time and in a given order, so that runs are reproducible and a debugger can follow one work item.
 * A work item that reaches a barrier or a shuffle resumes the next one. When all have stopped, the
 * warps that wait at a shuffle exchange their values and go on; when none does, all must wait at
 * the same barrier.
 */
final class Fibers {
  /** Work items of a warp: neighbors in x. */
  static final int WARP = 32;

  static {
    // Work items run one at a time, and switching to another core is slow: with two carrier
    // threads it took twice as long. Java reads this when it starts the first virtual thread.
    for (String size : List.of("parallelism", "maxPoolSize")) {
      String property = "jdk.virtualThreadScheduler." + size;
      if (System.getProperty(property) == null) {
        System.setProperty(property, "1");
      }
    }
  }

  /** Ends the thread of a work item whose workgroup has failed. */
  private static final class Abandoned extends Error {
    private static final long serialVersionUID = 1L;

    Abandoned() {
      super(null, null, false, false);
    }
  }

  private final Launch launch;
  private WorkItem[] items;

  /** The items that run until they stop again: all, or those that a shuffle has released. */
  private WorkItem[] running;

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

  /** Runs a workgroup's items in this order until all have returned from the kernel. */
  void run(WorkItem[] inOrder, boolean compareBarriers) throws Throwable {
    items = inOrder;
    running = inOrder;
    compareSites = compareBarriers;
    position = 0;
    finished = 0;
    global = false;
    failure = null;
    done = false;
    abandoned = false;
    owner = Thread.currentThread();
    resume(items[0]);
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
      endInterval(item);
    } catch (Abandoned e) {
      // run() waits until this thread has ended.
    } catch (Throwable t) {
      failure = t;
      release();
    }
  }

  /** Blocks a work item until all others of its workgroup have reached the barrier. */
  void barrier(WorkItem item, boolean globalToo) {
    global = globalToo;
    if (compareSites) {
      item.site = Stacks.callSite();
    }
    endInterval(item);
    await(item);
  }

  /** Blocks a work item until its warp has exchanged its values; returns the item's result. */
  float simdSum(WorkItem item, float value) {
    item.shuffles = true;
    item.shuffled = value;
    if (compareSites) {
      item.site = Stacks.callSite();
    }
    endInterval(item);
    await(item);
    return item.shuffled;
  }

  private void await(WorkItem item) {
    while (turn != item) {
      if (abandoned) {
        throw new Abandoned();
      }
      LockSupport.park(this);
    }
  }

  private void endInterval(WorkItem item) {
    launch.local.endInterval(item);
    position++;
    if (position < running.length) {
      resume(running[position]);
      return;
    }
    position = 0;
    running = exchange();
    if (running.length > 0) {
      resume(running[0]);
      return;
    }
    running = items;
    if (finished == items.length) {
      release();
      return;
    }
    checkSameBarrier();
    launch.local.barrier();
    launch.passBarrier(global);
    resume(items[0]);
  }

  /** Adds the values of each warp that waits at a shuffle; returns the items of these warps. */
  private WorkItem[] exchange() {
    WorkItem[] lanes = new WorkItem[items.length];
    for (WorkItem item : items) {
      lanes[item.index] = item;
    }
    List<WorkItem> released = new ArrayList<>();
    for (WorkItem item : items) {
      if (item.shuffles) {
        released.add(item);
      }
    }
    for (int warp = 0; warp < lanes.length && !released.isEmpty(); warp += WARP) {
      checkSameShuffle(lanes, warp);
      if (lanes[warp].shuffles) {
        // In the order of a device's shuffles: each step adds the value of a lane further down.
        for (int down = WARP / 2; down > 0; down /= 2) {
          for (int i = warp; i < warp + down; i++) {
            lanes[i].shuffled += lanes[i + down].shuffled;
          }
        }
        for (int i = warp + 1; i < warp + WARP; i++) {
          lanes[i].shuffled = lanes[warp].shuffled;
        }
      }
    }
    released.forEach(item -> item.shuffles = false);
    return released.toArray(WorkItem[]::new);
  }

  private void checkSameShuffle(WorkItem[] lanes, int warp) {
    for (int i = warp; i < warp + WARP; i++) {
      WorkItem lane = lanes[i];
      for (int j = warp; j < warp + WARP && lane.shuffles; j++) {
        if (!lanes[j].shuffles || lanes[j].site != lane.site) {
          launch.resume(lane);
          throw launch.faultAt(
              "waits for its warp in simdSum" + place(lane) + ", but " + whereabouts(lanes[j]));
        }
      }
    }
  }

  private String whereabouts(WorkItem item) {
    if (item.finished) {
      return item + " has returned";
    }
    return item + (item.shuffles ? " is in another simdSum" : " waits at a barrier") + place(item);
  }

  private void resume(WorkItem item) {
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

  private void checkSameBarrier() {
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
              + (other.finished ? " has returned" : " waits at another barrier" + place(other)));
    }
  }

  /** The source position of a waiting work item; its thread is parked, so its stack is stable. */
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
