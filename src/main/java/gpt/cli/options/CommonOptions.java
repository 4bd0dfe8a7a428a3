package gpt.cli.options;

import picocli.CommandLine.Option;

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
}
