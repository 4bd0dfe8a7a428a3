package gpt.cli.options;

import gpt.explore.plot.PlotFile;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options that show how each token is sampled. */
@OptionGroup.In(OptionGroup.OUTPUT)
public final class TraceOptions {
  @Option(
      names = "--trace",
      description =
          "Print each step of decoding: the context's length and its end, the most likely"
              + " candidates with their probabilities, the random number, and the token it draws.")
  private boolean trace;

  @Option(
      names = "--top",
      paramLabel = "N",
      defaultValue = "10",
      description =
          "With --trace or --plot: candidates to show; 0 shows the whole vocabulary."
              + " Default: ${DEFAULT-VALUE}")
  private int top;

  @Mixin private PlotOptions plot;

  private Optional<PlotFile> file = Optional.empty();

  /**
   * Refuses wrong values and combinations before any model is loaded.
   *
   * @param json whether {@code --json} is given
   */
  public void check(CommonOptions common, boolean json) {
    if (trace && json) {
      throw new UsageException("--trace: prints tables, not JSON; with --json use --logprobs N");
    }
    if (top < 0) {
      throw new UsageException("--top: must be 0 (all) or more, found " + top);
    }
    file = plot.checked();
    if (common.given("--top") && !wanted()) {
      throw new UsageException("--top: needs --trace or --plot");
    }
  }

  /** Whether the steps are printed or plotted. */
  public boolean wanted() {
    return trace || file.isPresent();
  }

  /** Whether the steps are printed. */
  public boolean printed() {
    return trace;
  }

  /** The file for a picture of the steps. */
  public Optional<PlotFile> file() {
    return file;
  }

  /** Candidates to show for each step; 0 is all. */
  public int top() {
    return top;
  }
}
