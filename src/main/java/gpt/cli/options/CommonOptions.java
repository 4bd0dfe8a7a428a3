package gpt.cli.options;

import gpt.cli.Errors;
import picocli.CommandLine.Option;

/** Options of every command. */
@OptionGroup.In(OptionGroup.GENERAL)
public final class CommonOptions {
  @Option(
      names = {"-q", "--quiet"},
      description = "No notes, no bar and no speed on standard error.")
  public boolean quiet;

  /** Its effect is in {@link Errors}, which also meets errors from before the options are read. */
  @Option(names = Errors.DEBUG, description = "Show the stack trace of an error.")
  boolean debug;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Show the version, the Java, and whether it has the Vector API.")
  boolean version;
}
