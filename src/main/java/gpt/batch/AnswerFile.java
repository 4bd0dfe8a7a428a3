package gpt.batch;

import static java.nio.charset.StandardCharsets.UTF_8;

import gpt.GptException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * A file of answers, which a run continues if an earlier one was interrupted. Every line that it
 * has is whole: what a killed process left behind the last line end is cut off. With gzip, lines
 * are collected into members, and a member that is not whole is cut off.
 */
public final class AnswerFile implements Answers {
  private static final int MEMBER_BYTES = 1 << 16;
  private static final long MEMBER_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Path path;
  private final FileChannel channel;
  private final boolean gzip;
  private long[] previous = new long[1024]; // fingerprints by line number; 0 for no answer
  private int answers;
  private int errors;

  private final ByteArrayOutputStream member = new ByteArrayOutputStream();
  private long memberBegin;

  private AnswerFile(Path path, FileChannel channel) {
    this.path = path;
    this.channel = channel;
    gzip = BatchInput.isGzip(path);
  }

  /**
   * Opens a file, reads the answers that it has, and cuts off what is not whole.
   *
   * @throws GptException if the file has something else, or another process writes it
   */
  public static AnswerFile open(Path path) throws IOException {
    boolean regular = !Files.exists(path) || Files.isRegularFile(path);
    if (Files.isDirectory(path)) {
      throw new GptException(path + ": is a folder; give a file for the answers");
    }
    FileChannel channel =
        regular
            ? FileChannel.open(
                path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)
            : FileChannel.open(path, StandardOpenOption.WRITE); // a device or a pipe
    AnswerFile file = new AnswerFile(path, channel);
    try {
      if (regular) {
        file.lock();
        long end = file.gzip ? file.readMembers() : file.readLines();
        channel.truncate(end);
        channel.position(end);
      }
      return file;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private void lock() {
    FileLock lock;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      lock = null; // this process has it
    } catch (IOException e) {
      return; // a file system without locks
    }
    if (lock == null) {
      throw new GptException(path + ": another process writes it; wait for its end");
    }
  }

  /** Reads whole lines; returns where the last one ends. */
  private long readLines() throws IOException {
    channel.position(0);
    var in = Channels.newInputStream(channel);
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    byte[] buffer = new byte[1 << 16];
    long end = 0;
    for (int read = in.read(buffer); read > 0; read = in.read(buffer)) {
      int start = 0;
      for (int i = 0; i < read; i++) {
        if (buffer[i] == '\n') {
          line.write(buffer, start, i - start);
          end += line.size() + 1;
          add(line.toByteArray());
          line.reset();
          start = i + 1;
        }
      }
      line.write(buffer, start, read - start);
    }
    checkTorn(line.toByteArray());
    return end;
  }

  /** Reads whole members; returns where the last one ends. */
  private long readMembers() throws IOException {
    channel.position(0);
    var in = Channels.newInputStream(channel);
    long end = 0;
    GzipMembers members = new GzipMembers(in); // closing it would close the channel
    while (!members.atEnd()) {
      boolean whole;
      try {
        whole = members.next();
      } catch (IOException e) {
        throw new GptException(notWrittenByBatch("byte " + end + ": " + e.getMessage()), e);
      }
      if (!whole) {
        checkTorn(members.content());
        break;
      }
      String lines = new String(members.content(), UTF_8);
      for (String line : lines.replaceFirst("\\R\\z", "").split("\n", -1)) {
        add(line.getBytes(UTF_8));
      }
      end = members.offset();
    }
    return end;
  }

  private void add(byte[] line) {
    Answer.Previous answer;
    try {
      answer = Answer.previous(line);
    } catch (IllegalArgumentException e) {
      throw new GptException(notWrittenByBatch("line " + (answers + 1)), e);
    }
    int index = Math.toIntExact(answer.line());
    if (index >= previous.length) {
      previous = Arrays.copyOf(previous, Math.max(index + 1, 2 * previous.length));
    }
    if (previous[index] != 0) {
      throw new GptException(path + ": line " + index + " is answered twice; give another --out");
    }
    previous[index] = answer.fingerprint();
    answers++;
    errors += answer.error() ? 1 : 0;
  }

  /** Refuses to cut off what no answer begins with. */
  private void checkTorn(byte[] tail) {
    byte[] start = Answer.START.getBytes(UTF_8);
    int length = Math.min(tail.length, start.length);
    if (!Arrays.equals(tail, 0, length, start, 0, length)) {
      throw new GptException(notWrittenByBatch("line " + (answers + 1)));
    }
  }

  private String notWrittenByBatch(String where) {
    return path + ": " + where + " was not written by gpt batch; give another file to --out";
  }

  @Override
  public long previous(long line) {
    return line < previous.length ? previous[(int) line] : 0;
  }

  @Override
  public int count() {
    return answers;
  }

  @Override
  public int errors() {
    return errors;
  }

  @Override
  public void write(byte[] line) throws IOException {
    if (!gzip) {
      append(line);
      return;
    }
    long now = System.nanoTime();
    memberBegin = member.size() == 0 ? now : memberBegin;
    member.write(line, 0, line.length);
    if (member.size() >= MEMBER_BYTES || now - memberBegin > MEMBER_NANOS) {
      flush();
    }
  }

  private void flush() throws IOException {
    if (member.size() > 0) {
      append(GzipMembers.member(member.toByteArray()));
      member.reset();
    }
  }

  private void append(byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    try {
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
    } catch (IOException e) {
      throw new IOException(path + ": cannot be written: " + e.getMessage(), e);
    }
  }

  /** Writes what is collected, and closes the file. */
  @Override
  public void close() throws IOException {
    try (channel) {
      flush();
    }
  }
}
