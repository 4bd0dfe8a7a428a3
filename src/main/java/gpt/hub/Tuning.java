package gpt.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * The numbers of a download, and what of the machine a test stands in for.
 *
 * @param connections at once, for one file
 * @param smallestRange bytes; what is smaller than two is loaded over one connection
 * @param attempts in a row that may fail without a further byte
 * @param silence the time in which a connection must bring {@code leastBytes}, else it is cut
 * @param sleeper waits between attempts
 * @param room tells the bytes that are free in a folder
 */
record Tuning(
    int connections,
    long smallestRange,
    int attempts,
    Duration silence,
    long leastBytes,
    Sleeper sleeper,
    Room room) {
  static final Tuning USUAL =
      new Tuning(
          8,
          16L << 20,
          6,
          Duration.ofSeconds(30),
          30L << 10,
          Thread::sleep,
          folder -> Files.getFileStore(folder).getUsableSpace());

  /** Waits. */
  @FunctionalInterface
  interface Sleeper {
    void sleep(Duration time) throws InterruptedException;
  }

  /** Free bytes. */
  @FunctionalInterface
  interface Room {
    long free(Path folder) throws IOException;
  }

  int ranges(long size) {
    return Math.clamp(size / smallestRange, 1, connections);
  }
}
