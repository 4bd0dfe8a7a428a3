package gpt.cli.options;

import gpt.explore.plot.PlotFile;
import gpt.load.ModelLocator;
import java.util.Optional;
import picocli.CommandLine.Option;

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
   */
  public Optional<PlotFile> checked() {
    if (file == null) {
      return Optional.empty();
    }
    try {
      PlotFile plot = PlotFile.of(ModelLocator.path(file));
      plot.check();
      return Optional.of(plot);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--plot: " + e.getMessage());
    }
  }
}
