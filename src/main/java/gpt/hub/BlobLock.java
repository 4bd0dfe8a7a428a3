package gpt.hub;

import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Holds a blob while it is loaded, against other processes of this program; the system lets go of
 * it when the process ends, however that is. On Linux Java's locks are fcntl's, and Python's
 * library takes flock's on the same file, which know nothing of each other. If both load a blob at
 * once it is loaded twice, into files of different names, and either way ends up right.
 */
final class BlobLock implements Closeable {
  private static final long POLL_MILLIS = 50;

  private final FileChannel channel;

  private BlobLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Takes the lock, however long another has it.
   *
   * @param waiting called once, where another has it
   */
  static BlobLock take(Path file, Runnable waiting) throws IOException {
    Files.createDirectories(file.getParent());
    boolean told = false;
    while (true) {
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      boolean taken = false;
      try {
        // Who tidies up may have removed the file meanwhile: then the next one locks another.
        taken = tryLock(channel) && Files.exists(file);
        if (taken) {
          return new BlobLock(channel);
        }
      } finally {
        if (!taken) {
          channel.close();
        }
      }
      if (!told) {
        waiting.run();
        told = true;
      }
      sleep();
    }
  }

  private static boolean tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      return false; // another thread of this process
    }
  }

  private static void sleep() throws InterruptedIOException {
    try {
      Thread.sleep(POLL_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
