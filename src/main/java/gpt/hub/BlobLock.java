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
 * Locks a blob during its download against other processes of this program. The operating system
 * releases the lock when the process ends, in whatever way. On Linux Java uses fcntl locks and
 * Python's library flock, which do not exclude each other: if both download a blob at the same
 * time, each writes a file of its own, and the result is right either way.
 */
record BlobLock(FileChannel channel) implements Closeable {
  private static final long POLL_MILLIS = 50;

  /**
   * Acquires the lock; waits without a time limit.
   *
   * @param waiting called once if another process or thread holds the lock
   */
  static BlobLock take(Path file, Runnable waiting) throws IOException {
    Files.createDirectories(file.getParent());
    boolean reported = false;
    while (true) {
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      boolean taken = false;
      try {
        // A clean-up may have deleted the file meanwhile; then others would lock a new file.
        taken = tryLock(channel) && Files.exists(file);
        if (taken) {
          return new BlobLock(channel);
        }
      } finally {
        if (!taken) {
          channel.close();
        }
      }
      if (!reported) {
        waiting.run();
        reported = true;
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
