package gpt.generate;

import gpt.GptException;
import gpt.engine.Engine;
import gpt.engine.Work;
import gpt.generate.draft.Drafter;
import gpt.generate.draft.Speculation;
import gpt.model.GptConfig;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * An engine that many threads use at once. A dedicated thread, the engine's thread, opens the
 * engine, steps it and closes it. A {@link Scheduler} on that thread decodes the completions of all
 * requests together. Callers submit commands to the thread's queue. Thread-safe.
 */
public final class SharedEngine implements EngineAccess, AutoCloseable {
  private static final String CLOSED = "the model is closed";

  private final Thread thread;
  private final Supplier<Optional<Drafter>> drafter;
  private final int maxSequences;
  private final SchedulerListener listener;
  private final BlockingQueue<Runnable> commands = new LinkedBlockingQueue<>();
  private final CompletableFuture<Engine> opened = new CompletableFuture<>();
  private boolean closed; // guarded by commands

  // Used by the engine's thread only.
  private Scheduler scheduler;
  private final Queue<Reservation> reservations = new ArrayDeque<>();
  private final LeasedSteps leasedSteps = new LeasedSteps();

  /** A client that waits until the scheduler has room for its sequences. */
  private record Reservation(int sequences, CompletableFuture<Void> granted) {}

  /**
   * Opens an engine on a new thread and waits until it is open.
   *
   * @param open called on the new thread
   * @param maxSequences maximum number of open sequences; the engine's own limit applies too
   * @throws RuntimeException what {@code open} throws
   */
  public SharedEngine(Supplier<Engine> open, int maxSequences) {
    this(open, maxSequences, Optional::empty, SchedulerListener.NONE);
  }

  /**
   * As {@link #SharedEngine(Supplier, int)}, with speculative decoding and a listener.
   *
   * @param drafter called on the new thread after {@code open}; what guesses tokens, which is
   *     closed with this
   * @param listener receives the scheduler's figures on the engine's thread
   */
  public SharedEngine(
      Supplier<Engine> open,
      int maxSequences,
      Supplier<Optional<Drafter>> drafter,
      SchedulerListener listener) {
    this.maxSequences = maxSequences;
    this.drafter = drafter;
    this.listener = listener;
    thread = Thread.ofPlatform().daemon().name("gpt-engine").start(() -> run(open));
    await(opened);
  }

  // Methods that run on the engine's thread.

  private void run(Supplier<Engine> open) {
    try (Engine engine = open.get();
        Drafter drafts = drafter.get().orElse(null)) {
      Speculation speculation = drafts == null ? null : new Speculation(drafts);
      scheduler = new Scheduler(engine, batchSize(engine), speculation, listener);
      opened.complete(engine);
      try {
        while (!isClosed()) {
          runOnce(engine);
        }
      } finally { // fails all pending calls, so that no caller waits forever
        failAll(new GptException(CLOSED + ": it was closed while this call ran"));
      }
    } catch (Throwable e) {
      opened.completeExceptionally(e);
    }
  }

  private int batchSize(Engine engine) {
    return Math.min(maxSequences, engine.batchSize());
  }

  /**
   * Runs the commands in the queue, then a step of the leased engines, then one of the scheduler.
   * Blocks while there is nothing to do.
   */
  private void runOnce(Engine engine) {
    try {
      if (scheduler.isIdle() && leasedSteps.isEmpty() && commands.isEmpty()) {
        commands.take().run();
      }
      for (int queued = commands.size(); queued > 0; queued--) {
        commands.remove().run();
      }
      leasedSteps.run(engine);
      grantReservations();
      scheduler.step(reservations.isEmpty());
    } catch (Throwable e) {
      scheduler.fail(toGptException(e));
    }
  }

  private void grantReservations() {
    while (!reservations.isEmpty() && scheduler.reserve(reservations.element().sequences)) {
      reservations.remove().granted.complete(null);
    }
  }

  private void failAll(GptException why) {
    synchronized (commands) {
      closed = true;
    }
    try {
      scheduler.fail(why);
    } finally {
      leasedSteps.fail(why);
      reservations.forEach(each -> each.granted.completeExceptionally(why));
      for (Runnable command = commands.poll(); command != null; command = commands.poll()) {
        command.run();
      }
    }
  }

  private static GptException toGptException(Throwable e) {
    return switch (e) {
      case GptException expected -> expected;
      case OutOfMemoryError memory -> new GptException("out of memory: " + e.getMessage(), e);
      default -> new GptException("internal error (a bug, report it): " + e, e);
    };
  }

  private boolean isClosed() {
    synchronized (commands) {
      return closed;
    }
  }

  // Methods that any thread may call.

  private void submit(Runnable command) {
    synchronized (commands) {
      if (closed) {
        throw new GptException(CLOSED);
      }
      commands.add(command);
    }
  }

  /** Runs an action on the engine's thread, between two steps, and returns its result. */
  <T> T onThread(Callable<T> action) {
    CompletableFuture<T> result = new CompletableFuture<>();
    submit(
        () -> {
          try {
            if (isClosed()) {
              throw new GptException(CLOSED);
            }
            result.complete(action.call());
          } catch (Throwable e) {
            result.completeExceptionally(e);
          }
        });
    return await(result);
  }

  /** Runs a step on the engine's thread, together with those of other leased engines. */
  void step(List<Work> work) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    submit(
        () -> {
          if (isClosed()) {
            done.completeExceptionally(new GptException(CLOSED));
          } else {
            leasedSteps.add(work, done);
          }
        });
    await(done);
  }

  /**
   * Waits uninterruptibly. It cannot wait forever: the engine's thread completes every future, at
   * the latest when it ends.
   */
  private static <T> T await(CompletableFuture<T> future) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return future.get();
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          throw rethrown(e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static RuntimeException rethrown(Throwable e) {
    return switch (e) {
      case GptException expected when expected.getClass() == GptException.class ->
          new GptException(e.getMessage(), e); // with this thread's stack trace
      case RuntimeException other -> other;
      default -> toGptException(e);
    };
  }

  /** The error of an interrupted call; the thread stays interrupted. */
  static GptException interrupted() {
    Thread.currentThread().interrupt();
    return new GptException("the thread was interrupted");
  }

  private Engine engine() {
    return await(opened);
  }

  @Override
  public GptConfig config() {
    return engine().config();
  }

  /** See {@link Engine#device}. */
  public String device() {
    return engine().device();
  }

  /** See {@link Engine#dtype}. */
  public String dtype() {
    return engine().dtype();
  }

  @Override
  public int capacity() {
    return engine().capacity();
  }

  @Override
  public <T> T call(int sequences, Function<Engine, T> client) {
    CompletableFuture<Void> granted = new CompletableFuture<>();
    submit(() -> reserve(new Reservation(sequences, granted)));
    try {
      granted.get();
    } catch (InterruptedException e) {
      granted.thenRun(() -> release(sequences)); // once it is granted, or now if it is already
      throw interrupted();
    } catch (ExecutionException e) {
      throw rethrown(e.getCause());
    }
    try (LeasedEngine lease = new LeasedEngine(this, engine(), sequences)) {
      return client.apply(lease);
    } finally {
      release(sequences);
    }
  }

  private void reserve(Reservation reservation) {
    if (isClosed()) {
      reservation.granted.completeExceptionally(new GptException(CLOSED));
    } else {
      reservations.add(reservation);
    }
  }

  private void release(int sequences) {
    try {
      submit(() -> scheduler.release(sequences));
    } catch (GptException e) {
      // The engine was closed meanwhile, which released everything.
    }
  }

  @Override
  public Decoding decode() {
    return new Decoding() {
      @Override
      public int batchSize() {
        return SharedEngine.this.batchSize(engine());
      }

      @Override
      public void add(List<RunningCompletion> completions) {
        if (!completions.isEmpty()) {
          submit(() -> admit(completions));
        }
      }

      @Override
      public void advance(Delivery delivery) {
        try {
          delivery.await();
        } catch (InterruptedException e) {
          throw interrupted();
        }
      }

      @Override
      public void close() {
        // The scheduler removes cancelled completions before its next step.
      }
    };
  }

  private void admit(List<RunningCompletion> completions) {
    if (isClosed()) {
      completions.forEach(completion -> completion.delivery().fail(new GptException(CLOSED)));
    } else {
      scheduler.add(completions);
    }
  }

  /** Fails all running calls and closes the engine; returns when its thread has ended. */
  @Override
  public void close() {
    synchronized (commands) {
      if (!closed) {
        closed = true;
        commands.add(() -> {}); // wakes the thread
      }
    }
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
