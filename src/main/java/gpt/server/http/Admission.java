package gpt.server.http;

import gpt.server.api.ApiException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Bounds the completions that run or wait. Thread-safe. */
final class Admission {
  private final int capacity;
  private int inside; // guarded by this
  private boolean draining; // guarded by this

  /** Admits {@code capacity} completions, or one larger request alone. */
  Admission(int capacity) {
    this.capacity = capacity;
  }

  /** A place for a request's completions, until it is closed. */
  final class Place implements AutoCloseable {
    private final int completions;

    private Place(int completions) {
      this.completions = completions;
    }

    @Override
    public void close() {
      leave(completions);
    }
  }

  /**
   * Takes a place.
   *
   * @throws ApiException status 429 if there is none, 503 if the server is stopping
   */
  synchronized Place enter(int completions) {
    if (draining) {
      throw stopping();
    }
    if (inside > 0 && inside + completions > capacity) {
      throw new ApiException(
          429,
          "rate_limit_error",
          null,
          "queue_full",
          "the queue is full: " + inside + " completions run or wait; try again later");
    }
    inside += completions;
    return new Place(completions);
  }

  static ApiException stopping() {
    return new ApiException(503, "server_error", null, "stopping", "the server is stopping");
  }

  private synchronized void leave(int completions) {
    inside -= completions;
    notifyAll();
  }

  /** Whether {@link #drain} was called. */
  synchronized boolean isDraining() {
    return draining;
  }

  /**
   * Admits nothing more, and waits until all places are free.
   *
   * @return whether they are; false if the time was too short
   */
  synchronized boolean drain(Duration time) throws InterruptedException {
    draining = true;
    long end = System.nanoTime() + time.toNanos();
    while (inside > 0) {
      long left = end - System.nanoTime();
      if (left <= 0) {
        return false;
      }
      TimeUnit.NANOSECONDS.timedWait(this, Math.max(1_000_000, left));
    }
    return true;
  }
}
