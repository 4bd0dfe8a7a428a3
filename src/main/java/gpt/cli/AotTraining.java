package gpt.cli;

import java.util.List;
import picocli.CommandLine;

/**
 * The run from which the build makes the AOT cache, {@code target/gpt.aot}: the commands that a
 * user's first minutes consist of, in one process. The JVM options are those of {@code
 * scripts/gpt}, since Java uses linked classes and the module graph of a cache only with the same
 * ones, and {@code -Dgpt.vectors=false}, since a cache cannot have the classes of an incubator
 * module.
 */
final class AotTraining {
  private static final List<String> COMMANDS =
      List.of(
          "--version",
          "--help",
          "next --help",
          "tokens --tokenizer gpt2 ROMEO:",
          "next --prompt ROMEO:",
          "--prompt ROMEO: --json -n 2");

  /** The last command, which ends the process. */
  private static final String LAST = "--prompt ROMEO: -n 20";

  private AotTraining() {}

  /**
   * Runs the commands.
   *
   * @param args none
   * @throws ReflectiveOperationException if the jar has no Launcher
   */
  public static void main(String[] args) throws ReflectiveOperationException {
    for (String command : COMMANDS) {
      if (GptCommand.run(command.split(" ")) != CommandLine.ExitCode.OK) {
        throw new IllegalStateException("gpt " + command + " failed");
      }
    }
    // By name: it is compiled after all other classes.
    Class.forName("gpt.cli.Launcher")
        .getMethod("main", String[].class)
        .invoke(null, (Object) LAST.split(" "));
  }
}
