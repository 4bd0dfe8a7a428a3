package gpt.cli;

import gpt.model.GptException;
import gpt.tokenizer.UnencodableTextException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * What the user reads when something fails: one line on standard error that begins with {@code
 * gpt:}, and a stack trace only with {@code --debug}.
 */
final class Errors {
  static final String DEBUG = "--debug";

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
    if (e instanceof GptException
        || e instanceof UnencodableTextException
        || e instanceof IOException) {
      return e.getMessage();
    }
    return "internal error, please report it with what " + DEBUG + " shows: " + e;
  }

  /** What to do about an {@link OutOfMemoryError} with this message, of which Java has several. */
  static String memoryAdvice(String message) {
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
      String first = unmatched.getUnmatched().get(0);
      boolean takesText = !e.getCommandLine().getCommandSpec().positionalParameters().isEmpty();
      if (takesText) {
        return unmatched.isUnknownOption()
            ? "unknown option '" + first + "'; a text that begins with a dash goes behind --"
            : "unexpected argument '" + first + "': a text of several words goes into quotes";
      }
      if (!unmatched.isUnknownOption()) {
        return "unexpected argument '"
            + first
            + "': a prompt goes behind --prompt, and the commands are "
            + String.join(", ", GptCommand.commandNames());
      }
      String near = unmatched.getSuggestions().stream().findFirst().orElse(null);
      return "unknown option '"
          + first
          + "'"
          + (near == null ? "" : ", did you mean " + near + "?");
    }
    return e.getMessage();
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
