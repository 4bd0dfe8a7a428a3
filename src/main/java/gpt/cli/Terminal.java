package gpt.cli;

import java.io.Console;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Whether somebody looks at a stream: bars are for terminals only. */
final class Terminal {
  private Terminal() {}

  static boolean isStandardOutput() {
    return is(1);
  }

  static boolean isStandardError() {
    return is(2);
  }

  /** {@link System#console()} needs input and output to be one too, so Linux is asked itself. */
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
