package gpt.cli;

import picocli.CommandLine;

/** The program. */
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
    return GptCommand.run(arguments);
  }
}
