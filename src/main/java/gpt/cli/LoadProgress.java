package gpt.cli;

import java.util.concurrent.TimeUnit;

/**
 * A bar on standard error for loading that takes more than a second, on a terminal only. Its line
 * is cleared at the end, also when Ctrl-C comes first.
 */
final class LoadProgress implements AutoCloseable {
  private static final long APPEARS_AFTER = TimeUnit.SECONDS.toNanos(1);
  private static final long REDRAWN_AFTER = TimeUnit.MILLISECONDS.toNanos(100);
  private static final int WIDTH = 30;

  private final boolean shown;
  private final long start;
  private long drawn;
  private double read;
  private double fraction;
  private String kernels = "";
  private boolean visible;
  private boolean closed;
  private Thread hook;

  /** Starts the clock. {@code shown}: whether a bar may be drawn at all. */
  LoadProgress(boolean shown) {
    this.shown = shown;
    start = System.nanoTime();
  }

  /** {@code done} of {@code total} bytes are read: the first half. A mapped file has none. */
  void read(long done, long total) {
    read = 0.5 * done / Math.max(total, 1);
    at(read);
  }

  /** {@code fraction} of the weights, from 0 to 1, is packed: the rest. */
  void packed(double fraction) {
    at(read + (1 - read) * fraction);
  }

  /** {@code done} of {@code total} kernels are compiled, while the weights are loaded. */
  synchronized void compiling(int done, int total) {
    kernels = ", compiling kernels " + done + "/" + total;
    at(fraction);
  }

  private synchronized void at(double part) {
    fraction = Math.max(fraction, part); // threads that pack report out of order
    long now = System.nanoTime();
    if (!shown || closed || now - start < APPEARS_AFTER || visible && now - drawn < REDRAWN_AFTER) {
      return;
    }
    if (!visible) {
      hook = new Thread(this::clear);
      try {
        Runtime.getRuntime().addShutdownHook(hook);
      } catch (IllegalStateException e) {
        closed = true; // the JVM is ending, and nobody would clear the line
        return;
      }
      visible = true;
    }
    drawn = now;
    System.err.print("\r" + bar(fraction) + kernels);
    System.err.flush();
  }

  static String bar(double fraction) {
    double part = Math.clamp(fraction, 0, 1);
    int full = (int) (part * WIDTH);
    return "loading [%s%s] %3d%%"
        .formatted("=".repeat(full), " ".repeat(WIDTH - full), (int) (100 * part));
  }

  private synchronized void clear() {
    if (visible && !closed) {
      System.err.print("\r\033[K");
      System.err.flush();
    }
    closed = true;
  }

  @Override
  public void close() {
    clear();
    if (hook != null) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        // The JVM is ending; the hook has nothing left to do.
      }
    }
  }
}
