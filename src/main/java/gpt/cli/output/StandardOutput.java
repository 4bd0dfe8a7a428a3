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
 * Standard output, written at once and in UTF-8 whatever the locale. {@link System#out} does
 * neither and hides errors.
 */
public final class StandardOutput {
  static final Charset CHARSET = UTF_8;

  private static final FileOutputStream OUT = new FileOutputStream(FileDescriptor.out);

  private static boolean midLine;
  private static boolean guarded;
  private static boolean terminal;

  /** Nobody reads any more, as with {@code | head}: a reason to stop, not an error. */
  public static final class ClosedException extends IOException {
    private static final long serialVersionUID = 1L;

    private ClosedException(IOException cause) {
      super("standard output was closed", cause);
    }
  }

  private StandardOutput() {}

  public static void write(String text) throws IOException {
    write(text.getBytes(CHARSET));
  }

  /** For what is written piece by piece; it need not be closed, but flushed. */
  static Writer writer() {
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

  public static synchronized void write(byte[] text) throws IOException {
    if (text.length == 0) {
      return;
    }
    if (!guarded) {
      guarded = true;
      terminal = Terminal.isStandardOutput();
      if (terminal) {
        try {
          Runtime.getRuntime().addShutdownHook(new Thread(StandardOutput::endLine));
        } catch (IllegalStateException e) {
          return; // the JVM is ending, and nobody would end the line
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
   * Java has no class of its own for EPIPE, and the text is the C library's, in the user's
   * language. A pipe that is broken on purpose fails with the same one.
   */
  static boolean isClosedPipe(IOException e) {
    return e.getMessage() != null && e.getMessage().equals(brokenPipe());
  }

  /** What writing to a closed pipe fails with; null where it does not. */
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
   * On a terminal, ends a line that text was written to: an error then begins a line of its own,
   * and so does the shell's prompt after Ctrl-C.
   */
  public static synchronized void endLine() {
    if (terminal && midLine) {
      midLine = false;
      try {
        OUT.write('\n');
      } catch (IOException e) {
        // The terminal is gone.
      }
    }
  }
}
