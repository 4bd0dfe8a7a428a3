package gpt.batch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.GZIPOutputStream;
import java.util.zip.Inflater;

/**
 * A gzip file as a sequence of members, each complete in itself: a file that ends within a member
 * loses that one only.
 */
final class GzipMembers implements AutoCloseable {
  private static final int HEADER = 10;
  private static final int TRAILER = 8;

  private final InputStream in;
  private final Inflater inflater = new Inflater(true);
  private final byte[] buffer = new byte[1 << 16];
  private int start; // of what is in the buffer
  private int end;
  private long offset; // in the file, of start
  private byte[] content;

  /** Reads members from the start of a file. */
  GzipMembers(InputStream in) {
    this.in = in;
  }

  /** A member with this content. */
  static byte[] member(byte[] content) throws IOException {
    ByteArrayOutputStream member = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(member)) {
      gzip.write(content);
    }
    return member.toByteArray();
  }

  /**
   * Reads a member.
   *
   * @return whether it is whole; false where the file ends before its end
   * @throws IOException if the file has something else there
   */
  boolean next() throws IOException {
    ByteArrayOutputStream inflated = new ByteArrayOutputStream();
    try {
      return header() && inflate(inflated) && trailer(inflated.toByteArray());
    } catch (DataFormatException e) {
      throw new IOException("damaged gzip data", e);
    } finally {
      content = inflated.toByteArray();
    }
  }

  /** What the last member has; of one that is not whole, what there is. */
  byte[] content() {
    return content;
  }

  /** Where the next member begins in the file. */
  long offset() {
    return offset;
  }

  /** Whether the file ends here. */
  boolean atEnd() throws IOException {
    return start == end && !fill();
  }

  private boolean fill() throws IOException {
    start = 0;
    end = Math.max(0, in.read(buffer));
    return end > 0;
  }

  /** The next byte; −1 at the end of the file. */
  private int read() throws IOException {
    if (atEnd()) {
      return -1;
    }
    offset++;
    return buffer[start++] & 0xFF;
  }

  private boolean header() throws IOException {
    int[] expected = {0x1F, 0x8B, 8, 0}; // no name and no comment
    for (int i = 0; i < HEADER; i++) {
      int read = read();
      if (read < 0) {
        return false;
      }
      if (i < expected.length && read != expected[i]) {
        throw new IOException("not gzip data");
      }
    }
    return true;
  }

  private boolean inflate(ByteArrayOutputStream into) throws IOException, DataFormatException {
    byte[] some = new byte[1 << 16];
    inflater.reset();
    while (!inflater.finished()) {
      if (inflater.needsInput()) {
        if (atEnd()) {
          return false;
        }
        inflater.setInput(buffer, start, end - start);
      }
      into.write(some, 0, inflater.inflate(some));
      int used = end - start - inflater.getRemaining();
      offset += used;
      start += used;
    }
    return true;
  }

  private boolean trailer(byte[] inflated) throws IOException {
    CRC32 crc = new CRC32();
    crc.update(inflated);
    long expected = crc.getValue() | (long) inflated.length << Integer.SIZE;
    long found = 0;
    for (int i = 0; i < TRAILER; i++) {
      int read = read();
      if (read < 0) {
        return false;
      }
      found |= (long) read << i * Byte.SIZE;
    }
    if (found != expected) {
      throw new IOException("damaged gzip data");
    }
    return true;
  }

  @Override
  public void close() throws IOException {
    inflater.end();
    in.close();
  }
}
