package gpt.cli;

import gpt.GptException;
import gpt.cli.commands.TokensCommand;
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
 * What the user reads when something fails: one line on standard error that begins with {@code
 * gpt:}, and a stack trace only with {@code --debug}.
 */
public final class Errors {
  public static final String DEBUG = "--debug";

  private Errors() {}

  /** A command line that makes no sense. Exit status 2. */
  static int usage(ParameterException e, String[] args) {
    String name = e.getCommandLine().getCommandSpec().qualifiedName();
    return report(message(e) + " (see " + name + " --help)", e, args, CommandLine.ExitCode.USAGE);
  }

  /** Everything else. Exit status 1. */
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
    return "internal error, please report it with what " + DEBUG + " shows: " + e;
  }

  /** What to do about an {@link OutOfMemoryError} with this message, of which Java has several. */
  public static String memoryAdvice(String message) {
    if (message.contains("native thread")) {
      return "the system gives this process no more threads; take fewer with --threads";
    }
    String smaller = "take a smaller model (gpt info says what one needs)";
    if (message.contains("heap space") || message.contains("GC overhead")) {
      return "the Java heap may take "
          + Runtime.getRuntime().maxMemory() / (1 << 20)
          + " MiB; give it more with JDK_JAVA_OPTIONS=-Xmx8g in the environment, or "
          + smaller;
    }
    if (message.contains("direct buffer memory")) {
      return "that limit is Java's own for what lies outside its heap; raise it with"
          + " JDK_JAVA_OPTIONS=-XX:MaxDirectMemorySize=16g in the environment (scripts/gpt and"
          + " tornado set it to the machine's memory), or "
          + smaller;
    }
    return "weights lie outside the Java heap, in what memory the machine has free; " + smaller;
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
      return option + "; a text that begins with a dash goes behind --";
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
      return argument + ": a text of several words goes into quotes";
    }
    if (!takes.isEmpty()) {
      return argument + ": " + command.qualifiedName() + " takes one " + takes;
    }
    if (!command.optionsMap().containsKey(PromptOptions.PROMPT)) {
      return argument + ": " + command.qualifiedName() + " takes options only";
    }
    String prompt = argument + ": a prompt goes behind --prompt";
    if (!command.name().equals(GptCommand.GENERATE)) {
      return prompt;
    }
    return GptCommand.nearestName(first).isPresent()
        ? unknownCommand(first)
        : prompt + ", and the commands are " + String.join(", ", GptCommand.commandNames());
  }

  /** The label of what a command takes beside options; empty where that is nothing. */
  private static String takes(ParameterException e) {
    return e.getCommandLine().getCommandSpec().positionalParameters().stream()
        .findFirst()
        .map(PositionalParamSpec::paramLabel)
        .orElse("");
  }

  /** What to say of a word in a command's place that is none. */
  public static String unknownCommand(String word) {
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
    if (List.of(args).contains(DEBUG)) {
      e.printStackTrace(out);
    }
    out.flush();
    StandardOutput.endLine();
    System.err.print(text);
    System.err.flush();
    return status;
  }
}
