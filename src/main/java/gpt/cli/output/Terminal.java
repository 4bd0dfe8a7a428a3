package gpt.cli.output;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.Console;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Whether standard streams are terminals, and the terminal's width. */
public final class Terminal {
  private static final int COLUMNS = 80;

  private Terminal() {}

  public static boolean isStandardInput() {
    return is(0);
  }

  public static boolean isStandardOutput() {
    return is(1);
  }

  public static boolean isStandardError() {
    return is(2);
  }

  /** The terminal's width in columns; 80 if standard output is no terminal or stty fails. */
  public static int columns() {
    if (!isStandardOutput()) {
      return COLUMNS;
    }
    try {
      Process stty =
          new ProcessBuilder("stty", "size")
              .redirectInput(new File("/dev/tty"))
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String[] size = new String(stty.getInputStream().readAllBytes(), US_ASCII).split("\\s+");
      int columns = size.length < 2 ? 0 : Integer.parseInt(size[1]);
      return columns > 0 ? columns : COLUMNS;
    } catch (IOException | NumberFormatException e) {
      return COLUMNS;
    }
  }

  /** The text with two of a terminal's 256 colours. */
  public static String coloured(int background, int foreground, String text) {
    return "\033[48;5;" + background + ";38;5;" + foreground + "m" + text + "\033[0m";
  }

  /**
   * Whether a descriptor is a terminal, by its link in {@code /proc}: {@link System#console()}
   * exists only if input and output both are.
   */
  private static boolean is(int descriptor) {
    Path link = Path.of("/proc/self/fd/" + descriptor);
    try {
      String target = Files.readSymbolicLink(link).toString();
      return target.startsWith("/dev/pts/")
          || target.startsWith("/dev/tty")
          || target.equals("/dev/console");
    } catch (IOException | UnsupportedOperationException e) {
      Console console = System.console();
      return console != null && console.isTerminal();
    }
  }
}
