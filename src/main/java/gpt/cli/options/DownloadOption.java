package gpt.cli.options;

import gpt.cli.output.DownloadProgress;
import gpt.cli.output.Terminal;
import gpt.hub.Downloader;
import gpt.hub.HubName;
import gpt.hub.HubSettings;
import gpt.load.HubModels;
import gpt.load.ModelLocator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Predicate;
import picocli.CommandLine.Option;

/** Whether a model that is named, and not there, is downloaded. */
@OptionGroup.In(OptionGroup.MODEL)
public final class DownloadOption {
  @Option(
      names = "--download",
      description =
          "Download a model that is named where the Hugging Face cache lacks it, unasked.")
  private boolean download;

  /**
   * What an option's value means: a path, a folder in {@code weights/}, or a model of the hub in
   * the cache or loaded into it.
   *
   * @param option it stands in errors
   * @param notes whether there may be notes, a bar and a question on standard error
   */
  public Path locate(String option, String model, boolean notes) {
    Optional<Path> local = ModelLocator.find(model);
    if (local.isPresent()) {
      return local.get();
    }
    HubName name = HubName.parse(model).orElseThrow(() -> ModelLocator.missing(option, model));
    HubSettings settings = HubSettings.ofProcess();
    Predicate<String> consent = question -> download || notes && confirm(question);
    return new HubModels(settings)
        .take(option, name, "--download", consent, missing -> download(missing, settings, notes));
  }

  /** Downloads what is missing of a model, and says so. */
  public static Path download(HubName name, HubSettings settings, boolean notes) {
    try (DownloadProgress progress =
        new DownloadProgress(name, settings, notes, notes && Terminal.isStandardError())) {
      return new Downloader(settings, progress).download(name);
    }
  }

  private static boolean confirm(String question) {
    if (!Terminal.isStandardInput() || !Terminal.isStandardError()) {
      return false;
    }
    System.err.print("gpt: " + question + " [y/N] ");
    System.err.flush();
    String answer = line().strip();
    return answer.equalsIgnoreCase("y") || answer.equalsIgnoreCase("yes");
  }

  /** One line of standard input and no byte more: the rest is read by others. */
  private static String line() {
    StringBuilder line = new StringBuilder();
    try {
      int c = System.in.read();
      for (; c >= 0 && c != '\n'; c = System.in.read()) {
        line.append((char) c);
      }
      if (c < 0) {
        System.err.println(); // the input's end, Ctrl-D, ends no line on the terminal
      }
    } catch (IOException e) {
      return ""; // no answer is no
    }
    return line.toString();
  }
}
