package gpt.hub;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * A file during its download in parallel ranges. A trailer after its bytes records the progress of
 * each range, so that a later download resumes where this one was interrupted. Its name differs
 * from that of Python's library, {@code SUM.incomplete}, which is resumed at its end and has no
 * trailer.
 */
final class PartialFile implements Closeable {
  private static final String SUFFIX = ".gpt.incomplete";
  private static final long MAGIC = 0x6770742d72616e67L;
  private static final int MAX_RANGES = 64;

  private final FileChannel channel;
  private final long size;
  private final boolean resumed;

  /** Bytes received of each range. */
  private long[] done;

  private PartialFile(FileChannel channel, long size, long[] done, boolean resumed) {
    this.channel = channel;
    this.size = size;
    this.done = done;
    this.resumed = resumed;
  }

  /** The partial file of a blob. */
  static Path of(Path blob) {
    return blob.resolveSibling(blob.getFileName() + SUFFIX);
  }

  /**
   * Opens a partial file, or creates it if there is none of that size.
   *
   * @param size of the complete file in bytes
   * @param ranges number of ranges of a new file
   */
  static PartialFile open(Path file, long size, int ranges) throws IOException {
    FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    boolean opened = false;
    try {
      long[] found = read(channel, size);
      PartialFile partial =
          new PartialFile(
              channel,
              size,
              found == null ? new long[ranges] : found,
              found != null && sum(found) > 0);
      if (found == null) {
        partial.reset(ranges);
      }
      opened = true;
      return partial;
    } finally {
      if (!opened) {
        channel.close();
      }
    }
  }

  /** Bytes received of a partial file: from its trailer, or its length if another tool wrote it. */
  static long loaded(Path file) throws IOException {
    if (!file.getFileName().toString().endsWith(SUFFIX)) {
      return Files.size(file);
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer end = ByteBuffer.allocate(Long.BYTES);
      long length = channel.size();
      if (length < Long.BYTES || channel.read(end, length - Long.BYTES) < Long.BYTES) {
        return 0;
      }
      long[] found = read(channel, end.getLong(0));
      return found == null ? 0 : sum(found);
    }
  }

  /** Bytes received of a partial file of this size; 0 if there is none. */
  static long loaded(Path file, long size) throws IOException {
    if (!Files.isRegularFile(file)) {
      return 0;
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long[] found = read(channel, size);
      return found == null ? 0 : sum(found);
    }
  }

  /** Reads the trailer: the progress of each range, a magic number, the size. Null if invalid. */
  private static long[] read(FileChannel channel, long size) throws IOException {
    long length = channel.size();
    if (length == size && size > 0) {
      return new long[] {size}; // complete, but interrupted before it was renamed
    }
    long ranges = (length - size) / Long.BYTES - 2;
    if (size < 0 || ranges < 1 || ranges > MAX_RANGES || length != end(size, (int) ranges)) {
      return null;
    }
    ByteBuffer trailer = ByteBuffer.allocate((int) (length - size));
    while (trailer.hasRemaining()) {
      if (channel.read(trailer, size + trailer.position()) < 0) {
        return null;
      }
    }
    trailer.flip();
    long[] done = new long[(int) ranges];
    for (int i = 0; i < ranges; i++) {
      done[i] = trailer.getLong();
      if (done[i] < 0
          || done[i] > start(size, (int) ranges, i + 1) - start(size, (int) ranges, i)) {
        return null;
      }
    }
    return trailer.getLong() == MAGIC && trailer.getLong() == size ? done : null;
  }

  /** Discards all bytes. */
  synchronized void reset(int ranges) throws IOException {
    channel.truncate(0);
    done = new long[ranges];
    ByteBuffer trailer = ByteBuffer.allocate((int) (end(size, ranges) - size));
    for (int i = 0; i < ranges; i++) {
      trailer.putLong(0);
    }
    trailer.putLong(MAGIC).putLong(size).flip();
    write(trailer, size);
  }

  private static long end(long size, int ranges) {
    return size + Long.BYTES * (ranges + 2L);
  }

  private static long start(long size, int ranges, int range) {
    return range == ranges ? size : size / ranges * range;
  }

  private static long sum(long[] done) {
    return Arrays.stream(done).sum();
  }

  int ranges() {
    return done.length;
  }

  long size() {
    return size;
  }

  /** Whether an earlier download started the file. */
  boolean resumed() {
    return resumed;
  }

  /** Offset of the first missing byte of a range. */
  long position(int range) {
    return start(size, done.length, range) + done[range];
  }

  /** Offset of the first byte after a range. */
  long end(int range) {
    return start(size, done.length, range + 1);
  }

  long loaded() {
    return sum(done);
  }

  /** Appends to a range; {@link #mark} records it. At most one thread per range. */
  void append(int range, byte[] bytes, int length) throws IOException {
    if (length > end(range) - position(range)) {
      throw new IllegalArgumentException("longer than the range");
    }
    write(ByteBuffer.wrap(bytes, 0, length), position(range));
    done[range] += length;
  }

  /** Records the progress of a range in the trailer. */
  void mark(int range) throws IOException {
    write(
        ByteBuffer.allocate(Long.BYTES).putLong(0, done[range]), size + (long) Long.BYTES * range);
  }

  /** Removes the trailer and flushes the bytes to disk. */
  void finish() throws IOException {
    channel.truncate(size);
    channel.force(true);
  }

  FileChannel channel() {
    return channel;
  }

  private void write(ByteBuffer bytes, long at) throws IOException {
    long position = at;
    while (bytes.hasRemaining()) {
      position += channel.write(bytes, position);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
