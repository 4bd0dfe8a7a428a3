package gpt.cli.output;

import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * A bar on standard error for work that takes more than a second, on a terminal only. Its line is
 * cleared at the end, also when Ctrl-C comes first.
 */
public final class ProgressBar implements AutoCloseable {
  private static final long APPEARS_AFTER = TimeUnit.SECONDS.toNanos(1);
  private static final long REDRAWN_AFTER = TimeUnit.MILLISECONDS.toNanos(100);
  private static final String CLEAR_REST = "\033[K";
  private static final int WIDTH = 30;

  /** Java begins slowly: the pace is that of the last 3 to 6 seconds. */
  private static final long PACE_OVER = TimeUnit.SECONDS.toNanos(3);

  /** How far the work was at a time. */
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
   * @param label what is done, in a word
   * @param shown whether a bar may be drawn at all
   */
  public ProgressBar(String label, boolean shown) {
    this.label = label;
    this.shown = shown;
  }

  /** {@code fraction}, from 0 to 1, is done; {@code behind} stands after the bar. */
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
        closed = true; // the JVM is ending, and nobody would clear the line
        return;
      }
      visible = true;
    }
    drawn = now;
    System.err.print("\r" + bar(label, fraction) + behind + CLEAR_REST);
    System.err.flush();
  }

  /** As {@link #at}, with the time that the rest will take if it goes on as of late. */
  public synchronized void timed(double fraction) {
    long now = System.nanoTime();
    if (now - later.time > PACE_OVER) {
      earlier = later;
      later = new Mark(now, fraction);
    }
    double gained = fraction - earlier.fraction;
    double seconds = (now - earlier.time) / 1e9;
    boolean known = gained > 0 && now - start > PACE_OVER;
    at(fraction, known ? ", " + timeLeft(seconds * (1 - fraction) / gained) : "");
  }

  static String bar(String label, double fraction) {
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
        // The JVM is ending; the hook has nothing left to do.
      }
    }
  }
}
