package gpt.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
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

  private Arguments() {}

  /**
   * In a locale without a charset (LANG unset, as in many containers) Java reads arguments as ASCII
   * and turns every other character into a question mark. The bytes are still there on Linux; they
   * are read again as UTF-8.
   */
  static String[] decoded(String[] args) {
    String encoded = System.getProperty(PROPERTY);
    if (encoded != null) {
      return Stream.of(encoded.split(" ", -1))
          .map(a -> URLDecoder.decode(a, UTF_8))
          .toArray(String[]::new);
    }
    if (!asciiLocale() || Stream.of(args).noneMatch(a -> a.indexOf('?') >= 0 || !isAscii(a))) {
      return args;
    }
    List<String> line = commandLine();
    int from = line.size() - args.length;
    return from < 1 ? args : line.subList(from, line.size()).toArray(String[]::new);
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
      String line = new String(Files.readAllBytes(Path.of("/proc/self/cmdline")), UTF_8);
      return Arrays.asList(line.substring(0, line.length() - 1).split("\0", -1));
    } catch (IOException | IndexOutOfBoundsException e) {
      return ProcessHandle.current()
          .info()
          .arguments()
          .map(a -> Stream.concat(Stream.of("java"), Stream.of(a)).toList())
          .orElse(List.of());
    }
  }

  /** Whether no charset is set, so that the system's text is ASCII for Java. */
  static boolean asciiLocale() {
    return "ANSI_X3.4-1968".equals(System.getProperty("sun.jnu.encoding"));
  }

  private static boolean expressible(String[] args) {
    return !asciiLocale() || Stream.of(args).allMatch(Arguments::isAscii);
  }

  private static boolean isAscii(String text) {
    return text.chars().allMatch(c -> c < 128);
  }
}
