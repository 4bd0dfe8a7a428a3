package gpt.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import gpt.load.ModelLocator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The command line of this process, decoded from the bytes that the operating system has. */
final class Arguments {
  /** On Linux, this process's command line: each argument's bytes, then a zero byte. */
  private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");

  /** The property with the charset of arguments and paths. */
  private static final String ENCODING = "sun.jnu.encoding";

  private static final int MAX_SHOWN = 60;

  private Arguments() {}

  /** An argument's bytes are not valid in the charset. */
  static final class UndecodableException extends Exception {
    private static final long serialVersionUID = 1L;

    UndecodableException(int number, byte[] bytes, Charset charset, int position) {
      super(
          "argument %d is not %s, from byte %d: '%s'; convert the text to %2$s, or rename the file"
              .formatted(number, charset, position, shown(bytes)));
    }

    private static String shown(byte[] bytes) {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < bytes.length && text.length() < MAX_SHOWN; i++) {
        boolean printable = bytes[i] >= ' ' && bytes[i] < 127;
        text.append((printable ? "%c" : "\\x%02X").formatted(bytes[i]));
      }
      return text.append(text.length() < MAX_SHOWN ? "" : "…").toString();
    }
  }

  /**
   * Decodes the arguments again where Java could not. In a locale without a charset (LANG unset, as
   * in many containers) Java reads arguments as ASCII and turns every other character into a
   * question mark; in any other locale it replaces invalid bytes by U+FFFD. On Linux the original
   * bytes are still in {@code /proc}: they are decoded with the locale's charset, or as UTF-8 if it
   * has none.
   *
   * @throws UndecodableException if an argument's bytes are not valid in that charset
   */
  static String[] decoded(String[] args) throws UndecodableException {
    boolean ascii = ModelLocator.asciiLocale();
    if (Stream.of(args)
        .noneMatch(a -> ascii ? a.indexOf('?') >= 0 || !isAscii(a) : a.indexOf('\uFFFD') >= 0)) {
      return args;
    }
    return decoded(args, ascii ? UTF_8 : Charset.forName(System.getProperty(ENCODING), UTF_8));
  }

  /** The arguments decoded from the bytes in {@code /proc}; {@code args} if that cannot be read. */
  private static String[] decoded(String[] args, Charset charset) throws UndecodableException {
    String[] line;
    try {
      line = Files.readString(COMMAND_LINE, ISO_8859_1).split("\0", -1);
    } catch (IOException e) {
      return args;
    }
    int from = line.length - 1 - args.length; // the part after the last zero byte is empty
    if (from < 1) {
      return args;
    }
    String[] decoded = new String[args.length];
    for (int i = 0; i < args.length; i++) {
      byte[] bytes = line[from + i].getBytes(ISO_8859_1);
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      try {
        decoded[i] = charset.newDecoder().decode(buffer).toString();
      } catch (CharacterCodingException e) {
        throw new UndecodableException(i + 1, bytes, charset, buffer.position());
      }
    }
    return decoded;
  }

  private static boolean isAscii(String text) {
    return text.chars().allMatch(c -> c < 128);
  }
}
