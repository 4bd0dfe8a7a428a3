package gpt.cli;

import gpt.cli.start.Arguments;
import gpt.cli.start.ChildJvm;
import java.util.OptionalInt;
import picocli.CommandLine;

/**
 * The program. If this JVM has not loaded the Vector API (a plain {@code java -jar}), commands that
 * run a model run in a second JVM that has; see {@link ChildJvm}.
 */
public final class Main {
  private Main() {}

  /**
   * Runs a command and ends the process with its exit status: 0, 1 for a failure, 2 for a wrong
   * command line, 130 after Ctrl-C.
   *
   * @param args the command line
   */
  public static void main(String[] args) {
    System.exit(run(args));
  }

  private static int run(String[] args) {
    String[] arguments;
    try {
      arguments = Arguments.decoded(args);
    } catch (Arguments.UndecodableException e) {
      System.err.println("gpt: " + e.getMessage());
      return CommandLine.ExitCode.USAGE;
    }
    OptionalInt status = ChildJvm.run(Main.class, arguments);
    return status.isPresent() ? status.getAsInt() : GptCommand.run(arguments);
  }
}
