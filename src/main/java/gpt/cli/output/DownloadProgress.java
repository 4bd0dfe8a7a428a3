package gpt.cli.output;

import gpt.hub.Downloader;
import gpt.hub.HubName;
import gpt.hub.HubSettings;
import gpt.model.Bytes;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;

/** Shows a download: a line when it begins, and a bar with speed and time left. */
public final class DownloadProgress implements Downloader.Listener, AutoCloseable {
  /** The speed shown is that of the last seconds, since it may change. */
  private static final double WINDOW_SECONDS = 10;

  private final HubName name;
  private final HubSettings settings;
  private final boolean notes;
  private final ProgressBar bar;
  private final Deque<Sample> samples = new ArrayDeque<>();
  private double fraction;

  /** The bytes that were loaded at a time. */
  private record Sample(double seconds, long bytes) {}

  /**
   * Starts the clock.
   *
   * @param notes whether to print lines on standard error
   * @param shown whether to draw the bar
   */
  public DownloadProgress(HubName name, HubSettings settings, boolean notes, boolean shown) {
    this.name = name;
    this.settings = settings;
    this.notes = notes;
    bar = new ProgressBar("download", shown);
  }

  @Override
  public void planned(long bytes, long present) {
    if (present < bytes) {
      note(
          "downloading %s, %s%s, from %s into %s"
              .formatted(
                  name,
                  Bytes.text(bytes - present),
                  present > 0 ? " of " + Bytes.text(bytes) : "",
                  settings.endpoint(),
                  settings.cache()));
    }
  }

  @Override
  public synchronized void at(long done, long total) {
    fraction = (double) done / Math.max(total, 1);
    bar.at(fraction, behind(System.nanoTime() / 1e9, done, total));
  }

  /** Speed and time left, to print after the bar; empty while the speed is not known. */
  String behind(double seconds, long done, long total) {
    while (samples.size() > 1 && seconds - samples.getFirst().seconds() > WINDOW_SECONDS) {
      samples.removeFirst();
    }
    if (samples.isEmpty() || seconds - samples.getLast().seconds() >= 0.2) {
      samples.addLast(new Sample(seconds, done));
    }
    double time = seconds - samples.getFirst().seconds();
    double speed = (done - samples.getFirst().bytes()) / time;
    if (!(time > 0) || speed <= 0) {
      return "";
    }
    return String.format(Locale.ROOT, ", %.1f MB/s, ", speed / 1e6)
        + ProgressBar.timeLeft((total - done) / speed);
  }

  @Override
  public synchronized void checking(String file, long done, long size) {
    samples.clear(); // nothing is downloaded meanwhile
    bar.at(fraction, ", checking " + file + ": " + 100 * done / Math.max(size, 1) + "%");
  }

  @Override
  public void waiting(String file) {
    note("another process is downloading " + file + "; waiting for it");
  }

  private void note(String line) {
    if (notes) {
      System.err.println("gpt: " + line);
    }
  }

  @Override
  public void close() {
    bar.close();
  }
}
