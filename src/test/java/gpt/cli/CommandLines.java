package gpt.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.List;

/** Runs command lines that fail, in this process: starting a JVM for each would take a second. */
public final class CommandLines {
  private CommandLines() {}

  /** Asserts that a command line fails with this status and one line that contains all parts. */
  public static void failed(int status, List<String> args, String... parts) {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    PrintStream before = System.err;
    int found;
    System.setErr(new PrintStream(err, true, UTF_8));
    try {
      found = GptCommand.execute(args.toArray(String[]::new));
    } finally {
      System.setErr(before);
    }
    String line = err.toString(UTF_8);
    String what = String.join(" ", args) + "\nstatus " + found + "\nerr: " + line;
    assertEquals(status, found, what);
    assertEquals(1, line.lines().count(), what);
    assertTrue(line.startsWith("gpt: "), what);
    for (String part : parts) {
      assertTrue(line.contains(part), () -> "no '" + part + "' in " + what);
    }
  }
}
