package gpt.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Limits of a download, and the parts of the machine that tests replace.
 *
 * @param connections parallel connections for one file
 * @param minRange bytes; a file smaller than two of these is downloaded over one connection
 * @param attempts failures in a row, without a further byte, after which the download ends
 * @param silence the time in which a connection must deliver {@code minBytes}; otherwise it is
 *     closed
 * @param sleeper waits between attempts
 * @param space reports the free bytes of a folder's disk
 */
record Tuning(
    int connections,
    long minRange,
    int attempts,
    Duration silence,
    long minBytes,
    Sleeper sleeper,
    Space space) {
  static final Tuning USUAL =
      new Tuning(
          8,
          16L << 20,
          6,
          Duration.ofSeconds(30),
          30L << 10,
          Thread::sleep,
          folder -> Files.getFileStore(folder).getUsableSpace());

  /** Sleeps for a time. */
  @FunctionalInterface
  interface Sleeper {
    void sleep(Duration time) throws InterruptedException;
  }

  /** Free space in bytes. */
  @FunctionalInterface
  interface Space {
    long free(Path folder) throws IOException;
  }

  int ranges(long size) {
    return Math.clamp(size / minRange, 1, connections);
  }
}
