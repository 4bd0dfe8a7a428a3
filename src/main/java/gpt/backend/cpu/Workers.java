package gpt.backend.cpu;

import gpt.GptException;
import gpt.model.Contexts;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * A fixed thread pool for parallel loops of a few microseconds to milliseconds. The caller is
 * worker 0. Workers take items one by one from a shared counter, so that a descheduled core delays
 * only its own item.
 *
 * <p>One token of a 12-layer model takes about 60 such loops, too many to sleep in between. An idle
 * worker spins for {@value #SPIN_NANOS} ns, which covers the short serial part between two loops,
 * and then parks, so that an idle engine uses no CPU.
 */
public final class Workers implements AutoCloseable {
  private static final long SPIN_NANOS = 50_000;

  /** The body of a parallel loop. */
  @FunctionalInterface
  interface Body {
    /** Runs item {@code index}; {@code worker} in [0, size) selects the scratch to use. */
    void run(int index, int worker);
  }

  private final Thread[] threads;
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicInteger pending = new AtomicInteger();
  private volatile int epoch;
  private volatile boolean closed;
  private volatile Throwable failure;
  private Body body;
  private int count;

  /**
   * Starts {@code size} − 1 daemon threads.
   *
   * @param size workers, the caller included
   * @throws IllegalArgumentException where size is below 1
   */
  public Workers(int size) {
    if (size < 1) {
      throw new IllegalArgumentException("threads: must be 1 or more, found " + size);
    }
    threads = new Thread[size - 1];
    for (int i = 0; i < threads.length; i++) {
      int worker = i + 1;
      threads[i] = new Thread(() -> loop(worker), "gpt-cpu-" + worker);
      threads[i].setDaemon(true);
      threads[i].start();
    }
  }

  /** Number of workers, the caller included. */
  int size() {
    return threads.length + 1;
  }

  /** Runs items 0 to n − 1 in any order, on all workers, and returns when all are done. */
  void run(int n, Body items) {
    checkOpen();
    if (threads.length == 0 || n == 1) {
      runAlone(n, items);
      return;
    }
    body = items;
    count = n;
    failure = null;
    next.setPlain(0);
    pending.set(threads.length);
    epoch++;
    for (Thread thread : threads) {
      LockSupport.unpark(thread);
    }
    try {
      work(0);
    } finally {
      await();
    }
    Throwable thrown = failure;
    if (thrown instanceof GptException expected) {
      throw expected; // a weight out of f16's range, for example
    }
    if (thrown != null) {
      throw new IllegalStateException("a worker failed: " + thrown, thrown);
    }
  }

  /** Throws if the workers are closed: their threads have ended. */
  void checkOpen() {
    if (closed) {
      throw Contexts.closed();
    }
  }

  /** Runs items 0 to n − 1 on the caller's thread alone. */
  void runAlone(int n, Body items) {
    for (int i = 0; i < n; i++) {
      items.run(i, 0);
    }
  }

  private void await() {
    for (int spins = 0; pending.get() != 0; spins++) {
      if (spins < 10_000) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
      }
    }
  }

  private void work(int worker) {
    for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
      body.run(i, worker);
    }
  }

  private void loop(int worker) {
    int seen = 0;
    while (true) {
      seen = nextEpoch(seen);
      if (closed) {
        return;
      }
      try {
        work(worker);
      } catch (Throwable t) {
        failure = t;
      } finally {
        pending.decrementAndGet();
      }
    }
  }

  private int nextEpoch(int seen) {
    long until = System.nanoTime() + SPIN_NANOS;
    while (epoch == seen && !closed) {
      if (System.nanoTime() < until) {
        Thread.onSpinWait();
      } else {
        LockSupport.park(this);
      }
    }
    return epoch;
  }

  /** Ends the threads. */
  @Override
  public void close() {
    closed = true;
    for (Thread thread : threads) {
      LockSupport.unpark(thread);
    }
  }
}
