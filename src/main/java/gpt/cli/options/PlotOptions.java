package gpt.cli.options;

import gpt.explore.PlotFile;
import gpt.load.ModelLocator;
import java.util.Optional;
import java.util.function.Function;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Where a picture goes. */
@OptionGroup.In(OptionGroup.OUTPUT)
public final class PlotOptions {
  @Option(
      names = "--plot",
      paramLabel = "FILE",
      description = "Draw it into FILE.svg or FILE.png, or write it as a page, FILE.html.")
  private String file;

  /**
   * The file, which looks writable.
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
