package gpt.cli.output;

import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * A progress bar on standard error, on a terminal only. It appears after a second. Its line is
 * cleared at the end, also after Ctrl-C.
 */
public final class ProgressBar implements AutoCloseable {
  private static final long APPEARS_AFTER = TimeUnit.SECONDS.toNanos(1);
  private static final long REDRAWN_AFTER = TimeUnit.MILLISECONDS.toNanos(100);
  private static final String CLEAR_REST = "\033[K";
  private static final int WIDTH = 30;

  /** The time left is estimated from the last 3 to 6 seconds: Java's first seconds are slow. */
  private static final long PACE_OVER = TimeUnit.SECONDS.toNanos(3);

  /** The fraction that was done at a time. */
  private record Mark(long time, double fraction) {}

  private final String label;
  private final boolean shown;
  private final long start = System.nanoTime();
  private Mark earlier = new Mark(start, 0);
  private Mark later = earlier;
  private long drawn;
  private boolean visible;
  private boolean closed;
  private Thread hook;

  /**
   * Starts the clock.
   *
   * @param label the work in a word
   * @param shown whether to draw the bar
   */
  public ProgressBar(String label, boolean shown) {
    this.label = label;
    this.shown = shown;
  }

  /** Draws the bar for a fraction from 0 to 1 (NaN for none), and {@code behind} after it. */
  synchronized void at(double fraction, String behind) {
    long now = System.nanoTime();
    if (!shown || closed || now - start < APPEARS_AFTER || visible && now - drawn < REDRAWN_AFTER) {
      return;
    }
    if (!visible) {
      hook = new Thread(this::clear);
      try {
        Runtime.getRuntime().addShutdownHook(hook);
      } catch (IllegalStateException e) {
        closed = true; // the JVM is shutting down: nothing would clear the line
        return;
      }
      visible = true;
    }
    drawn = now;
    System.err.print("\r" + bar(label, fraction) + behind + CLEAR_REST);
    System.err.flush();
  }

  /** As {@link #at}, with an estimate of the time left. */
  public void timed(double fraction) {
    timed(fraction, "");
  }

  /** As {@link #timed(double)}, with {@code behind} before the estimate. */
  public synchronized void timed(double fraction, String behind) {
    long now = System.nanoTime();
    if (now - later.time > PACE_OVER) {
      earlier = later;
      later = new Mark(now, fraction);
    }
    double gained = fraction - earlier.fraction;
    double seconds = (now - earlier.time) / 1e9;
    boolean known = gained > 0 && now - start > PACE_OVER;
    at(fraction, behind + (known ? ", " + timeLeft(seconds * (1 - fraction) / gained) : ""));
  }

  static String bar(String label, double fraction) {
    if (Double.isNaN(fraction)) {
      return label;
    }
    double part = Math.clamp(fraction, 0, 1);
    int full = (int) (part * WIDTH);
    return "%s [%s%s] %3d%%"
        .formatted(label, "=".repeat(full), " ".repeat(WIDTH - full), (int) (100 * part));
  }

  static String timeLeft(double seconds) {
    long left = Math.max(0, Math.round(seconds));
    if (left < 60) {
      return left + " s left";
    }
    return left < 3600
        ? String.format(Locale.ROOT, "%d:%02d min left", left / 60, left % 60)
        : String.format(Locale.ROOT, "%d:%02d h left", left / 3600, left / 60 % 60);
  }

  private synchronized void clear() {
    if (visible && !closed) {
      System.err.print("\r" + CLEAR_REST);
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
        // The JVM is shutting down and runs the hook, which has nothing left to do.
      }
    }
  }
}
