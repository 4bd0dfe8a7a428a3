package gpt.batch;

import gpt.GptException;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;

/** The lines of a batch: a file, with gzip if its name ends in .gz, or standard input. */
public final class BatchInput implements AutoCloseable {
  /** Maximum length of a line in bytes. */
  static final int MAX_LINE = 16 << 20;

  private static final int BUFFER = 1 << 16;
  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

  private final String name;
  private final InputStream in;
  private final Counter raw;
  private final long size;
  private final boolean gzip;
  private long number;
  private long taken; // bytes of the lines so far

  /** Counts the bytes of the file that have been read. */
  private static final class Counter extends FilterInputStream {
    private long count;

    Counter(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      int read = in.read();
      count += read < 0 ? 0 : 1;
      return read;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int read = in.read(bytes, offset, length);
      count += Math.max(0, read);
      return read;
    }
  }

  /**
   * A line.
   *
   * @param number its number in the file, from 1
   * @param bytes its bytes without the line end; null if it is longer than {@link #MAX_LINE}
   * @param fraction how much of the input has been read with it; NaN if its size is not known
   */
  record Line(long number, byte[] bytes, double fraction) {}

  private BatchInput(String name, InputStream in, long size, boolean gzip) throws IOException {
    this.name = name;
    this.size = size;
    this.gzip = gzip;
    raw = new Counter(in);
    this.in = new BufferedInputStream(gzip ? new GZIPInputStream(raw, BUFFER) : raw, BUFFER);
  }

  /** Standard input. */
  public static BatchInput standard() throws IOException {
    return new BatchInput("standard input", System.in, -1, false);
  }

  /** A file. */
  public static BatchInput of(Path file) throws IOException {
    InputStream in = Files.newInputStream(file);
    try {
      return new BatchInput(file.toString(), in, Files.size(file), isGzip(file));
    } catch (IOException e) {
      in.close();
      throw new IOException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /** Whether the file's name says that its content is compressed. */
  static boolean isGzip(Path file) {
    return file.toString().endsWith(".gz");
  }

  /**
   * The next line that is not blank; null at the end.
   *
   * @throws GptException if the file cannot be read
   */
  Line next() {
    try {
      while (true) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
        long length = 0;
        boolean blank = true;
        int read = in.read();
        if (read < 0) {
          return null;
        }
        for (; read >= 0 && read != '\n'; read = in.read()) {
          blank &= read == ' ' || read == '\t' || read == '\r';
          if (length++ < MAX_LINE) {
            bytes.write(read);
          }
        }
        number++;
        taken += length + 1;
        if (!blank) {
          byte[] line = length > MAX_LINE ? null : bytes.toByteArray();
          return new Line(number, number == 1 ? withoutMark(line) : line, fraction());
        }
      }
    } catch (IOException e) {
      throw new GptException(
          name + ": cannot be read after line " + number + ": " + e.getMessage(), e);
    }
  }

  private static byte[] withoutMark(byte[] line) {
    int mark = BYTE_ORDER_MARK.length;
    return line != null
            && line.length >= mark
            && Arrays.equals(line, 0, mark, BYTE_ORDER_MARK, 0, mark)
        ? Arrays.copyOfRange(line, mark, line.length)
        : line;
  }

  private double fraction() {
    return size < 0 ? Double.NaN : (double) (gzip ? raw.count : taken) / Math.max(1, size);
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
