package gpt.generate;

import gpt.GptException;
import gpt.engine.Engine;
import gpt.model.GptConfig;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * An engine that any number of threads use at once. A thread of its own opens it, steps it, with
 * the completions of all requests decoded together by a {@link Scheduler}, and closes it.
 * Thread-safe.
 */
public final class SharedEngine implements EngineAccess, AutoCloseable {
  private static final String CLOSED = "the model is closed";

  private final Thread thread;
  private final int maxSequences;
  private final BlockingQueue<Runnable> commands = new LinkedBlockingQueue<>();
  private final CompletableFuture<Engine> opened = new CompletableFuture<>();
  private boolean closed; // guarded by commands

  // Of the engine's thread.
  private Scheduler scheduler;
  private final Queue<Reservation> reservations = new ArrayDeque<>();

  /** Room that a client waits for. */
  private record Reservation(int sequences, CompletableFuture<Void> granted) {}

  /**
   * Opens an engine.
   *
   * @param open called on the thread that will step it
   * @param maxSequences sequences that are open at once, as far as the engine has room
   * @throws RuntimeException what that throws
   */
  public SharedEngine(Supplier<Engine> open, int maxSequences) {
    this.maxSequences = maxSequences;
    thread = Thread.ofPlatform().daemon().name("gpt-engine").start(() -> run(open));
    await(opened);
  }

  // The engine's thread.

  private void run(Supplier<Engine> open) {
    try (Engine engine = open.get()) {
      scheduler = new Scheduler(engine, together(engine));
      opened.complete(engine);
      try {
        while (!isClosed()) {
          next();
        }
      } finally { // whatever happens, nobody waits for ever
        end(new GptException(CLOSED + ": it was closed while this call ran"));
      }
    } catch (Throwable e) {
      opened.completeExceptionally(e);
    }
  }

  private int together(Engine engine) {
    return Math.min(maxSequences, engine.batchSize());
  }

  /** Does what came in, and then a step of the completions, if there are any. */
  private void next() {
    try {
      if (scheduler.isIdle() && commands.isEmpty()) {
        commands.take().run();
      }
      for (int waiting = commands.size(); waiting > 0; waiting--) {
        commands.remove().run();
      }
      grant();
      scheduler.step(reservations.isEmpty());
    } catch (Throwable e) {
      scheduler.fail(toGptException(e));
    }
  }

  private void grant() {
    while (!reservations.isEmpty() && scheduler.reserve(reservations.element().sequences)) {
      reservations.remove().granted.complete(null);
    }
  }

  private void end(GptException why) {
    synchronized (commands) {
      closed = true;
    }
    try {
      scheduler.fail(why);
    } finally {
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
      default -> new GptException("internal error, please report it: " + e, e);
    };
  }

  private boolean isClosed() {
    synchronized (commands) {
      return closed;
    }
  }

  // Any thread.

  private void submit(Runnable command) {
    synchronized (commands) {
      if (closed) {
        throw new GptException(CLOSED);
      }
      commands.add(command);
    }
  }

  /** Runs something on the engine's thread, between two steps. */
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

  /** Waits, whether or not the thread is interrupted: what is awaited is about to happen. */
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

  private static GptException interrupted() {
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

  /** The device, as {@link Engine#device}. */
  public String device() {
    return engine().device();
  }

  /** How the weights are kept, as {@link Engine#dtype}. */
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
    await(granted);
    try (LeasedEngine lease = new LeasedEngine(this, engine(), sequences)) {
      return client.apply(lease);
    } finally {
      release(sequences);
    }
  }

  private void reserve(Reservation wanted) {
    if (isClosed()) {
      wanted.granted.completeExceptionally(new GptException(CLOSED));
    } else {
      reservations.add(wanted);
    }
  }

  private void release(int sequences) {
    try {
      submit(() -> scheduler.release(sequences));
    } catch (GptException e) {
      // Closed meanwhile: there is nothing left to give back.
    }
  }

  @Override
  public Decoding decode() {
    return new Decoding() {
      @Override
      public int together() {
        return SharedEngine.this.together(engine());
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
        // Cancelled completions leave before the next step.
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

  /** Ends all calls with an error, and closes the engine; returns when that is done. */
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
