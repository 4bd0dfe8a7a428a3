package gpt.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import gpt.load.ModelLocator;
import java.io.IOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The process's own arguments, as the system has them. */
final class Arguments {
  /** Arguments for {@link ChildJvm}'s process where this locale cannot express them. */
  private static final String PROPERTY = "gpt.arguments";

  /** On Linux, this process's command line, as bytes that each end with a zero. */
  private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");

  /** The property that names the charset of arguments and paths. */
  private static final String ENCODING = "sun.jnu.encoding";

  private static final int MAX_SHOWN = 60;

  private Arguments() {}

  /** An argument is no text in its charset. */
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
   * In a locale without a charset (LANG unset, as in many containers) Java reads arguments as ASCII
   * and turns every other character into a question mark. In others it replaces what is not valid
   * in the locale's charset by U+FFFD. The bytes are still there on Linux; they are read again, as
   * UTF-8 where the locale has no charset.
   *
   * @throws UndecodableException where they are not valid
   */
  static String[] decoded(String[] args) throws UndecodableException {
    String encoded = System.getProperty(PROPERTY);
    if (encoded != null) {
      return Stream.of(encoded.split(" ", -1))
          .map(a -> URLDecoder.decode(a, UTF_8))
          .toArray(String[]::new);
    }
    boolean ascii = ModelLocator.asciiLocale();
    if (Stream.of(args)
        .noneMatch(a -> ascii ? a.indexOf('?') >= 0 || !isAscii(a) : a.indexOf('\uFFFD') >= 0)) {
      return args;
    }
    return decoded(args, ascii ? UTF_8 : Charset.forName(System.getProperty(ENCODING), UTF_8));
  }

  /**
   * The arguments decoded from the bytes in {@code /proc}; {@code args} where there is no such
   * file.
   */
  private static String[] decoded(String[] args, Charset charset) throws UndecodableException {
    String[] line;
    try {
      line = Files.readString(COMMAND_LINE, ISO_8859_1).split("\0", -1);
    } catch (IOException e) {
      return args;
    }
    int from = line.length - 1 - args.length; // behind the last zero stands nothing
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

  /** The arguments as they must be handed to a child process of this one. */
  static List<String> forChild(String[] args) {
    return expressible(args) ? List.of(args) : List.of();
  }

  /** The JVM options that carry what {@link #forChild} cannot. */
  static List<String> propertyForChild(String[] args) {
    return expressible(args)
        ? List.of()
        : List.of(
            Stream.of(args)
                .map(a -> URLEncoder.encode(a, UTF_8))
                .collect(Collectors.joining(" ", "-D" + PROPERTY + "=", "")));
  }

  /**
   * This process's command line, the program's path first, its bytes as UTF-8; empty where the
   * system does not tell.
   */
  static List<String> commandLine() {
    try {
      String line = new String(Files.readAllBytes(COMMAND_LINE), UTF_8);
      return Arrays.asList(line.substring(0, line.length() - 1).split("\0", -1));
    } catch (IOException | IndexOutOfBoundsException e) {
      return ProcessHandle.current()
          .info()
          .arguments()
          .map(a -> Stream.concat(Stream.of("java"), Stream.of(a)).toList())
          .orElse(List.of());
    }
  }

  private static boolean expressible(String[] args) {
    return !ModelLocator.asciiLocale() || Stream.of(args).allMatch(Arguments::isAscii);
  }

  private static boolean isAscii(String text) {
    return text.chars().allMatch(c -> c < 128);
  }
}
