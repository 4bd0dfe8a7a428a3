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
 * What a command reads whole: a file, or standard input. That it can be read is checked at once; it
 * is read when it is known how much of it can be of use.
 *
 * @param what is in it, in a word: prompt
 * @param name of the file, or standard input, as it stands in errors
 * @param path null for standard input
 */
public record InputFile(String what, String name, Path path) {
  /** The name that stands for standard input on a command line. */
  public static final String STANDARD_INPUT = "-";

  /**
   * How much is read.
   *
   * @param bytes at most
   * @param reason the rest of the sentence "has more than 1.0 MB, ": why, and what to do
   */
  public record Limit(long bytes, String reason) {
    /** A text's bytes and ids stand in the Java heap side by side. */
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
   * @throws GptException where it is not there, or may not be read
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
   * @param quiet no note on a terminal, where nothing else shows that a text is waited for
   * @throws GptException where there is none
   */
  public static InputFile standardInput(String what, boolean quiet) {
    if (isStandardInputClosed()) {
      throw new GptException(
          "standard input is closed, so no " + what + " can come from it; name a file instead");
    }
    if (!quiet && Terminal.isStandardInput()) {
      System.err.println("gpt: type the " + what + ", then press Enter and Ctrl-D");
    }
    return new InputFile(what, "standard input", null);
  }

  /**
   * Reads all of it.
   *
   * @throws GptException where it cannot be read, or is longer than the limit
   */
  public byte[] bytes(Limit limit) {
    int most = (int) Math.min(limit.bytes(), Integer.MAX_VALUE - 64); // an array's, and one more
    try (InputStream in = path == null ? System.in : Files.newInputStream(path)) {
      byte[] bytes = in.readNBytes(most + 1);
      if (bytes.length > most) {
        throw new GptException(
            label() + ": has more than " + Bytes.text(most) + ", " + limit.reason());
      }
      return bytes;
    } catch (IOException e) {
      throw new GptException(label() + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * Reads all of it as UTF-8.
   *
   * @throws GptException where it is not, with the first byte that is wrong
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
   * Whether the process was started with its standard input closed: Java opens its own module file
   * first, which then gets descriptor 0 and would be read. A child JVM inherits that.
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
