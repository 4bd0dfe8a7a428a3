package gpt.cli.options;

import gpt.cli.output.ProgressBar;
import gpt.cli.output.Terminal;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** Options that every command has. */
@OptionGroup.In(OptionGroup.GENERAL)
public final class CommonOptions {
  public static final String DEBUG = "--debug";

  @Option(
      names = {"-q", "--quiet"},
      description = "Print no notes, progress bars or speed on standard error.")
  public boolean quiet;

  /** Read from the raw arguments, since parsing the options can fail too. */
  @Option(names = DEBUG, description = "Print a stack trace when an error occurs.")
  boolean debug;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Print this help.")
  boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Print gpt's version, Java's, and whether the Vector API is available.")
  boolean version;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  /** Whether the command line has an option, rather than its default. */
  public boolean given(String option) {
    return parsed().hasMatchedOption(option);
  }

  ParseResult parsed() {
    return spec.commandLine().getParseResult();
  }

  /** Prints a note for the user on standard error, unless {@code --quiet} is given. */
  public void note(String line) {
    print("gpt: " + line);
  }

  /** Prints a line on standard error, unless {@code --quiet} is given. */
  public void print(String line) {
    if (!quiet) {
      System.err.println(line);
    }
  }

  /** A progress bar, which is drawn on a terminal unless {@code --quiet} is given. */
  public ProgressBar bar(String label) {
    return new ProgressBar(label, !quiet && Terminal.isStandardError());
  }
}
