package gpt.cli.options;

import gpt.explore.plot.PlotFile;
import gpt.load.ModelLocator;
import java.util.Optional;
import java.util.function.Function;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The file for a picture or page. */
@OptionGroup.In(OptionGroup.OUTPUT)
public final class PlotOptions {
  @Option(
      names = "--plot",
      paramLabel = "FILE",
      description = "Write a picture (FILE ends in .svg or .png) or an HTML page (.html).")
  private String file;

  /**
   * The file, after checking its format and that it can be written; empty without {@code --plot}.
   *
   * @param usage makes the error of a wrong command line
   */
  public Optional<PlotFile> checked(Function<String, ParameterException> usage) {
    if (file == null) {
      return Optional.empty();
    }
    try {
      PlotFile plot = PlotFile.of(ModelLocator.path(file));
      plot.check();
      return Optional.of(plot);
    } catch (IllegalArgumentException e) {
      throw usage.apply("--plot: " + e.getMessage());
    }
  }
}
