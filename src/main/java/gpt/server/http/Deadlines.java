package gpt.server.http;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * Interrupts threads that take too long. Interrupting a thread that reads from or writes to a
 * socket channel closes the channel, which ends its connection.
 */
final class Deadlines implements AutoCloseable {
  private static final Duration PERIOD = Duration.ofMillis(200);

  private final Set<Deadline> running = ConcurrentHashMap.newKeySet();
  private final Thread watchdog;
  private volatile boolean closed;

  /** A deadline of the thread that made it. */
  final class Deadline implements AutoCloseable {
    private final Thread thread = Thread.currentThread();
    private final long end;
    private boolean over; // guarded by this

    private Deadline(Duration time) {
      end = System.nanoTime() + time.toNanos();
    }

    private synchronized void check(long now) {
      if (!over && now - end >= 0) {
        over = true;
        thread.interrupt();
      }
    }

    /** Keeps the thread from being interrupted later. */
    @Override
    public void close() {
      synchronized (this) {
        over = true;
      }
      running.remove(this);
    }
  }

  Deadlines() {
    watchdog = Thread.ofPlatform().daemon().name("gpt-deadlines").start(this::run);
  }

  private void run() {
    while (!closed) {
      LockSupport.parkNanos(PERIOD.toNanos());
      long now = System.nanoTime();
      running.forEach(each -> each.check(now));
    }
  }

  /** Interrupts the calling thread after a time unless the deadline is closed before. */
  Deadline start(Duration time) {
    Deadline deadline = new Deadline(time);
    running.add(deadline);
    return deadline;
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(watchdog);
  }
}
