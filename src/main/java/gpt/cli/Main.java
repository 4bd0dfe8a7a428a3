package gpt.cli;

import java.util.OptionalInt;

/**
 * The program. Where this JVM lacks the Vector API (a plain {@code java -jar}), commands that
 * compute run in a second one that has it; see {@link ChildJvm}.
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
    String[] arguments = Arguments.decoded(args);
    OptionalInt status = ChildJvm.run(arguments);
    System.exit(status.isPresent() ? status.getAsInt() : GptCommand.run(arguments));
  }
}
