package gpt.batch;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.function.ToLongFunction;

/**
 * Runs tasks on virtual threads, several at once, and returns their results one after another. It
 * takes tasks from their source only as fast as others end, so that any number of them needs the
 * same memory. The source is used on the thread that calls {@link #next} only.
 *
 * <p>In order, results wait for an earlier task that takes longer; meanwhile later tasks start, so
 * that its slowness costs nothing, until the waiting results exceed {@link #MAX_HELD_BYTES}.
 *
 * @param <T> a result
 */
public final class Window<T> implements AutoCloseable {
  /** Maximum size of the results that wait for an earlier one. */
  static final long MAX_HELD_BYTES = 64 << 20;

  private final Source<T> source;
  private final int limit;
  private final boolean ordered;
  private final ToLongFunction<T> size;

  // Guarded by this.
  private final Deque<Started> tasks = new ArrayDeque<>(); // in the tasks' order
  private int running; // weight of running tasks
  private long held; // bytes of results of tasks
  private Throwable failure;

  /**
   * A task.
   *
   * @param <T> its result
   */
  public interface Task<T> {
    /** How much of the window's limit it takes while it runs. */
    int weight();

    /** Runs the task. An exception ends the window; interruption ends the task. */
    T run();
  }

  /**
   * Where tasks come from.
   *
   * @param <T> their results
   */
  public interface Source<T> {
    /** Takes the next task; null if there is none, or none yet. */
    Task<T> poll();

    /** Whether {@link #poll} returns no further task. */
    boolean ended();

    /** The tasks of an iterator. */
    static <T> Source<T> of(Iterator<? extends Task<T>> tasks) {
      return new Source<>() {
        @Override
        public Task<T> poll() {
          return tasks.hasNext() ? tasks.next() : null;
        }

        @Override
        public boolean ended() {
          return !tasks.hasNext();
        }
      };
    }
  }

  /** A task that has been started. */
  private final class Started implements Runnable {
    private final Task<T> task;
    private final int weight;
    private final Thread thread = Thread.ofVirtual().name("gpt-request").unstarted(this);
    private T result; // guarded by the window

    Started(Task<T> task) {
      this.task = task;
      weight = task.weight();
    }

    @Override
    public void run() {
      try {
        ended(this, task.run());
      } catch (Throwable e) {
        failed(e);
      }
    }
  }

  /**
   * Creates a window; nothing runs yet.
   *
   * @param limit weight of tasks up to which a further one starts
   * @param ordered whether results have their tasks' order, instead of that in which they end
   * @param size the size of a result in bytes
   */
  public Window(Source<T> source, int limit, boolean ordered, ToLongFunction<T> size) {
    this.source = source;
    this.limit = limit;
    this.ordered = ordered;
    this.size = size;
  }

  /**
   * Returns the next result, null after the last one.
   *
   * @throws InterruptedException if the thread is interrupted while it waits
   * @throws RuntimeException what a task or the source throws
   */
  public synchronized T next() throws InterruptedException {
    while (true) {
      boolean started = startOne();
      rethrow();
      T result = poll();
      if (result != null || tasks.isEmpty() && source.ended()) {
        return result;
      }
      if (!started) {
        wait();
      }
    }
  }

  /** Has {@link #next} ask the source again. */
  public synchronized void wake() {
    notifyAll();
  }

  /** Starts a task if there is room and one is there. */
  private boolean startOne() {
    Task<T> task = running < limit && held < MAX_HELD_BYTES ? source.poll() : null;
    if (task == null) {
      return false;
    }
    Started one = new Started(task);
    tasks.add(one);
    running += one.weight;
    one.thread.start();
    return true;
  }

  /** The result that is next, if it is there. */
  private T poll() {
    Iterator<Started> each = tasks.iterator();
    while (each.hasNext()) {
      Started task = each.next();
      if (task.result != null) {
        each.remove();
        held -= size.applyAsLong(task.result);
        return task.result;
      }
      if (ordered) {
        return null;
      }
    }
    return null;
  }

  private synchronized void ended(Started task, T result) {
    task.result = result;
    running -= task.weight;
    held += size.applyAsLong(result);
    notifyAll();
  }

  private synchronized void failed(Throwable e) {
    failure = failure == null ? e : failure;
    notifyAll();
  }

  private void rethrow() {
    switch (failure) {
      case null -> {}
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException(failure);
    }
  }

  /** Interrupts the tasks that run. */
  @Override
  public synchronized void close() {
    tasks.forEach(task -> task.thread.interrupt());
    tasks.clear();
  }
}
