package gpt.cli.options;

import gpt.explore.PlotFile;
import java.util.Optional;
import java.util.function.Function;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** Showing how each token is drawn. */
@OptionGroup.In(OptionGroup.OUTPUT)
public final class TraceOptions {
  @Option(
      names = "--trace",
      description =
          "Show each step of the loop: the context's length and its end, the likeliest candidates"
              + " with their probabilities, the random number, and what it draws.")
  private boolean trace;

  @Option(
      names = "--top",
      paramLabel = "N",
      defaultValue = "10",
      description =
          "With --trace and --plot: candidates to show; 0 is the whole vocabulary."
              + " Default: ${DEFAULT-VALUE}")
  private int top;

  @Mixin private PlotOptions plot;

  private Optional<PlotFile> file = Optional.empty();

  /**
   * Refuses what makes no sense, before any model is loaded.
   *
   * @param given what stands on the command line
   * @param json whether the output is for programs
   * @param usage makes the error of a wrong command line
   */
  public void check(ParseResult given, boolean json, Function<String, ParameterException> usage) {
    if (trace && json) {
      throw usage.apply("--trace: is for people; --json has --logprobs N");
    }
    if (top < 0) {
      throw usage.apply("--top: must be 0 (all) or more, found " + top);
    }
    file = plot.checked(usage);
    if (given.hasMatchedOption("--top") && !wanted()) {
      throw usage.apply("--top: needs --trace or --plot");
    }
  }

  /** Whether anybody wants to know how tokens are drawn. */
  public boolean wanted() {
    return trace || file.isPresent();
  }

  /** Whether it is printed. */
  public boolean printed() {
    return trace;
  }

  /** Where a picture of it goes. */
  public Optional<PlotFile> file() {
    return file;
  }

  /** Candidates to show; 0 is all. */
  public int top() {
    return top;
  }
}
