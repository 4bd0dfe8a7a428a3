package gpt.cli.options;

import static java.nio.charset.StandardCharsets.UTF_8;

import gpt.GptException;
import gpt.cli.output.Terminal;
import gpt.load.ModelLocator;
import gpt.model.Bytes;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file, or standard input, that a command reads as a whole. Checks first that it is readable;
 * reads it later, when the model's context window limits how many bytes are needed.
 *
 * @param what the content in a word, for errors: prompt
 * @param name the file's name, or "standard input", for errors
 * @param path null for standard input
 */
public record InputFile(String what, String name, Path path) {
  /** The argument that means standard input. */
  public static final String STANDARD_INPUT = "-";

  /**
   * The most bytes to read.
   *
   * @param bytes the limit
   * @param reason continues the message "has more than 1.0 MB, ": why, and what to do
   */
  public record Limit(long bytes, String reason) {
    /** A quarter of the Java heap, which holds a text's bytes and its ids at the same time. */
    public static Limit ofHeap() {
      long heap = Runtime.getRuntime().maxMemory();
      return new Limit(
          heap / 4,
          "too much for a Java heap of "
              + Bytes.text(heap)
              + "; cut it into parts, or set JDK_JAVA_OPTIONS=-Xmx"
              + 2 * heap / (1 << 20)
              + "m in the environment");
    }
  }

  /**
   * A file.
   *
   * @throws GptException if it does not exist, is a folder or is not readable
   */
  public static InputFile of(String what, String name) {
    InputFile file = new InputFile(what, name, ModelLocator.path(name));
    if (Files.isDirectory(file.path)) {
      throw new GptException(file.label() + ": is a folder");
    }
    if (Files.notExists(file.path)) {
      throw new GptException(file.label() + ": no such file");
    }
    if (!Files.isReadable(file.path)) {
      throw new GptException(file.label() + ": no permission to read it");
    }
    return file;
  }

  /**
   * Standard input.
   *
   * @param quiet whether to omit the note that asks the user of a terminal to type a text
   * @throws GptException if it is closed
   */
  public static InputFile standardInput(String what, boolean quiet) {
    if (isStandardInputClosed()) {
      throw new GptException(
          "standard input is closed: no " + what + " can be read from it; name a file instead");
    }
    if (!quiet && Terminal.isStandardInput()) {
      System.err.println("gpt: type the " + what + ", then press Enter and Ctrl-D");
    }
    return new InputFile(what, "standard input", null);
  }

  /**
   * Reads all bytes.
   *
   * @throws GptException if it cannot be read, or is longer than the limit
   */
  public byte[] bytes(Limit limit) {
    // One byte more is read, and an array's largest length is a little below 2³¹.
    int maxBytes = (int) Math.min(limit.bytes(), Integer.MAX_VALUE - 64);
    try (InputStream in = path == null ? System.in : Files.newInputStream(path)) {
      byte[] bytes = in.readNBytes(maxBytes + 1);
      if (bytes.length > maxBytes) {
        throw new GptException(
            label() + ": has more than " + Bytes.text(maxBytes) + ", " + limit.reason());
      }
      return bytes;
    } catch (IOException e) {
      throw new GptException(label() + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * Reads all bytes as UTF-8.
   *
   * @throws GptException also if they are not valid, with the position of the first wrong byte
   */
  public String text(Limit limit) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes(limit));
    try {
      return UTF_8.newDecoder().decode(buffer).toString();
    } catch (CharacterCodingException e) {
      throw new GptException(
          "the " + what + " in " + name + " is not UTF-8 text, from byte " + buffer.position(), e);
    }
  }

  private String label() {
    return path == null ? name : what + " file " + name;
  }

  /**
   * Whether the process was started with standard input closed: descriptor 0 is then a file of the
   * JDK, the first that the JVM opened.
   */
  private static boolean isStandardInputClosed() {
    try {
      Path java = Path.of(System.getProperty("java.home")).toRealPath();
      return Path.of("/proc/self/fd/0").toRealPath().startsWith(java);
    } catch (IOException e) {
      return false; // a pipe, or a system without /proc
    }
  }
}
