package gpt.cli.output;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.Charset;
import java.util.Arrays;

/**
 * Standard output, unbuffered and in UTF-8 whatever the locale. {@link System#out} is neither, and
 * it swallows errors.
 */
public final class StandardOutput {
  static final Charset CHARSET = UTF_8;

  private static final FileOutputStream OUT = new FileOutputStream(FileDescriptor.out);

  private static boolean midLine;
  private static boolean opened;
  private static boolean terminal;

  /** The reader has closed the pipe, as {@code | head} does: the program stops without an error. */
  public static final class ClosedException extends IOException {
    private static final long serialVersionUID = 1L;

    private ClosedException(IOException cause) {
      super("standard output was closed", cause);
    }
  }

  private StandardOutput() {}

  /** Writes text at once. */
  public static void write(String text) throws IOException {
    write(text.getBytes(CHARSET));
  }

  /** A writer to standard output. Flush it at the end; closing it is not necessary. */
  public static Writer writer() {
    OutputStream out =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            StandardOutput.write(new byte[] {(byte) b});
          }

          @Override
          public void write(byte[] bytes, int offset, int length) throws IOException {
            StandardOutput.write(Arrays.copyOfRange(bytes, offset, offset + length));
          }
        };
    return new OutputStreamWriter(out, CHARSET);
  }

  /**
   * Writes bytes at once.
   *
   * @throws ClosedException if the reader has closed the pipe
   */
  public static synchronized void write(byte[] text) throws IOException {
    if (text.length == 0) {
      return;
    }
    if (!opened) {
      opened = true;
      terminal = Terminal.isStandardOutput();
      if (terminal) {
        try {
          Runtime.getRuntime().addShutdownHook(new Thread(StandardOutput::endLine));
        } catch (IllegalStateException e) {
          return; // the JVM is shutting down: nothing would end the line
        }
      }
    }
    try {
      OUT.write(text);
    } catch (IOException e) {
      if (isClosedPipe(e)) {
        throw new ClosedException(e);
      }
      throw new IOException("cannot write to standard output: " + e.getMessage(), e);
    }
    midLine = text[text.length - 1] != '\n';
  }

  /**
   * Whether writing failed with EPIPE. Java has no exception class for it, and the message is the C
   * library's in the user's language, so it is compared with that of a pipe broken on purpose.
   */
  static boolean isClosedPipe(IOException e) {
    return e.getMessage() != null && e.getMessage().equals(brokenPipe());
  }

  /** The message with which writing to a closed pipe fails; null if it does not fail. */
  private static String brokenPipe() {
    try {
      Pipe pipe = Pipe.open();
      try (WritableByteChannel in = pipe.sink()) {
        pipe.source().close();
        in.write(ByteBuffer.allocate(1));
      }
    } catch (IOException e) {
      return e.getMessage();
    }
    return null;
  }

  /**
   * On a terminal, ends a line that has text, so that an error, or the shell's prompt after Ctrl-C,
   * begins on a new line.
   */
  public static synchronized void endLine() {
    if (terminal && midLine) {
      midLine = false;
      try {
        OUT.write('\n');
      } catch (IOException e) {
        // The terminal was closed.
      }
    }
  }
}
