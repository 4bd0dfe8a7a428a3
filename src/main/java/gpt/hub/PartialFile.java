package gpt.hub;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file while it is loaded, in ranges at once. Behind its bytes stands how far each range has
 * come, so that a later run goes on where this one was cut off, and asks for nothing twice. Its
 * name is its own: Python's library continues a file {@code SUM.incomplete} at its end, which this
 * one's is not.
 */
final class PartialFile implements Closeable {
  private static final String SUFFIX = ".gpt.incomplete";
  private static final long MAGIC = 0x6770742d72616e67L;
  private static final int MOST_RANGES = 64;

  private final FileChannel channel;
  private final long size;
  private final boolean resumed;

  /** Bytes that are there of each range. */
  private long[] done;

  private PartialFile(FileChannel channel, long size, long[] done, boolean resumed) {
    this.channel = channel;
    this.size = size;
    this.done = done;
    this.resumed = resumed;
  }

  /** The name of the file that becomes a blob. */
  static Path of(Path blob) {
    return blob.resolveSibling(blob.getFileName() + SUFFIX);
  }

  /**
   * Goes on with the file, or begins it where there is none of that size.
   *
   * @param size of the whole in bytes
   * @param ranges how many a new one has
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

  /** Bytes that are there of a file, whoever began it; its length where that does not say. */
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

  /** As {@link #loaded(Path)} for a file that should be of this size; 0 where there is none. */
  static long loaded(Path file, long size) throws IOException {
    if (!Files.isRegularFile(file)) {
      return 0;
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long[] found = read(channel, size);
      return found == null ? 0 : sum(found);
    }
  }

  /** What stands behind the bytes: the ranges' progress, a mark, the size. Null if it does not. */
  private static long[] read(FileChannel channel, long size) throws IOException {
    long length = channel.size();
    if (length == size && size > 0) {
      return new long[] {size}; // cut off after the last byte, before it got its name
    }
    long ranges = (length - size) / Long.BYTES - 2;
    if (size < 0 || ranges < 1 || ranges > MOST_RANGES || length != end(size, (int) ranges)) {
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

  /** Forgets everything. */
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
    long sum = 0;
    for (long d : done) {
      sum += d;
    }
    return sum;
  }

  int ranges() {
    return done.length;
  }

  long size() {
    return size;
  }

  /** Whether an earlier run began it. */
  boolean resumed() {
    return resumed;
  }

  /** The first byte of a range that is missing. */
  long position(int range) {
    return start(size, done.length, range) + done[range];
  }

  /** The first byte behind a range. */
  long end(int range) {
    return start(size, done.length, range + 1);
  }

  long loaded() {
    return sum(done);
  }

  /** Appends to a range; {@link #mark} makes it last. One thread a range. */
  void append(int range, byte[] bytes, int length) throws IOException {
    if (length > end(range) - position(range)) {
      throw new IllegalArgumentException("more than the range");
    }
    write(ByteBuffer.wrap(bytes, 0, length), position(range));
    done[range] += length;
  }

  /** Writes down how far a range has come. */
  void mark(int range) throws IOException {
    write(
        ByteBuffer.allocate(Long.BYTES).putLong(0, done[range]), size + (long) Long.BYTES * range);
  }

  /** Takes the trailer away and puts the bytes on the disk. */
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
