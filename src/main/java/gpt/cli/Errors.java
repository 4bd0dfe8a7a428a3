package gpt.cli;

import gpt.GptException;
import gpt.cli.commands.TokensCommand;
import gpt.cli.options.CommonOptions;
import gpt.cli.options.PromptOptions;
import gpt.cli.output.StandardOutput;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Reports errors: one line on standard error that begins with {@code gpt:}, followed by a stack
 * trace only with {@code --debug}.
 */
public final class Errors {
  private Errors() {}

  /** Reports a wrong command line. Exit status 2. */
  static int usage(ParameterException e, String[] args) {
    String name = e.getCommandLine().getCommandSpec().qualifiedName();
    return report(message(e) + " (see " + name + " --help)", e, args, CommandLine.ExitCode.USAGE);
  }

  /** Reports any other failure. Exit status 1. */
  static int failure(Throwable e, String[] args) {
    return report(explain(e), e, args, CommandLine.ExitCode.SOFTWARE);
  }

  private static String explain(Throwable e) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (t instanceof OutOfMemoryError) {
        String what = String.valueOf(t.getMessage());
        return "out of memory (" + what + "): " + memoryAdvice(what);
      }
    }
    if (e instanceof GptException || e instanceof IOException) {
      return e.getMessage();
    }
    return "internal error: "
        + e
        + "; report it with the stack trace that "
        + CommonOptions.DEBUG
        + " prints";
  }

  /** What to do about an {@link OutOfMemoryError} with this message; Java has several. */
  public static String memoryAdvice(String message) {
    if (message.contains("native thread")) {
      return "the operating system allows this process no more threads; lower --threads";
    }
    String smaller = "use a smaller model (gpt info prints how much memory one needs)";
    if (message.contains("heap space") || message.contains("GC overhead")) {
      return "the Java heap is limited to "
          + Runtime.getRuntime().maxMemory() / (1 << 20)
          + " MiB; set JDK_JAVA_OPTIONS=-Xmx8g in the environment to raise the limit, or "
          + smaller;
    }
    if (message.contains("direct buffer memory")) {
      return "this is Java's limit for memory outside its heap; raise it with"
          + " JDK_JAVA_OPTIONS=-XX:MaxDirectMemorySize=16g in the environment (scripts/tornado"
          + " sets it to the machine's memory), or "
          + smaller;
    }
    return "weights are kept outside the Java heap, in the machine's free memory; " + smaller;
  }

  private static String message(ParameterException e) {
    if (e instanceof UnmatchedArgumentException unmatched) {
      return unmatched.isUnknownOption() ? unknownOption(unmatched) : unexpected(unmatched);
    }
    return e.getMessage();
  }

  private static String unknownOption(UnmatchedArgumentException e) {
    String option = "unknown option '" + e.getUnmatched().get(0) + "'";
    if (takes(e).equals(TokensCommand.TEXT)) {
      return option + "; put -- before a text that begins with a dash";
    }
    return option
        + e.getSuggestions().stream()
            .findFirst()
            .map(near -> ", did you mean " + near + "?")
            .orElse("");
  }

  private static String unexpected(UnmatchedArgumentException e) {
    CommandSpec command = e.getCommandLine().getCommandSpec();
    String first = e.getUnmatched().get(0);
    String argument = "unexpected argument '" + first + "'";
    String takes = takes(e);
    if (takes.equals(TokensCommand.TEXT)) {
      return argument + ": put a text of several words in quotes";
    }
    if (!takes.isEmpty()) {
      return argument + ": " + command.qualifiedName() + " takes one " + takes;
    }
    if (!command.optionsMap().containsKey(PromptOptions.PROMPT)) {
      return argument + ": " + command.qualifiedName() + " takes options only";
    }
    String prompt = argument + ": give a prompt with --prompt";
    if (!command.name().equals(GptCommand.GENERATE)) {
      return prompt;
    }
    return GptCommand.nearestName(first).isPresent()
        ? unknownCommand(first)
        : prompt + "; the commands are " + String.join(", ", GptCommand.commandNames());
  }

  /** The label of the command's positional argument; empty if it has none. */
  private static String takes(ParameterException e) {
    return e.getCommandLine().getCommandSpec().positionalParameters().stream()
        .findFirst()
        .map(PositionalParamSpec::paramLabel)
        .orElse("");
  }

  /** The message for a word in a command's place that names no command. */
  static String unknownCommand(String word) {
    return "unknown command '"
        + word
        + "'"
        + GptCommand.nearestName(word)
            .map(near -> ", did you mean " + near + "?")
            .orElseGet(() -> "; expected " + String.join(", ", GptCommand.commandNames()));
  }

  private static int report(String line, Throwable e, String[] args, int status) {
    StringWriter text = new StringWriter();
    PrintWriter out = new PrintWriter(text);
    out.println("gpt: " + line.strip().replaceAll("\\s*\\R\\s*", " "));
    if (List.of(args).contains(CommonOptions.DEBUG)) {
      e.printStackTrace(out);
    }
    out.flush();
    StandardOutput.endLine();
    System.err.print(text);
    System.err.flush();
    return status;
  }
}
