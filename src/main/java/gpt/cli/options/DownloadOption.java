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

/** Whether a named model that is not in the Hugging Face cache is downloaded. */
@OptionGroup.In(OptionGroup.MODEL)
public final class DownloadOption {
  @Option(
      names = "--download",
      description = "If the Hugging Face cache lacks the named model, download it without asking.")
  private boolean download;

  /**
   * The file or folder that an option's value names: a path, a folder in {@code weights/}, or a
   * Hugging Face model, which is downloaded into the cache if the user agrees.
   *
   * @param option the option's name, for errors
   * @param notes whether to print notes, a progress bar and a question on standard error
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

  /**
   * Downloads the files of a model that the cache lacks.
   *
   * @param notes whether to print notes and a progress bar on standard error
   */
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

  /** One line of standard input, unbuffered: the command may read the rest. */
  private static String line() {
    StringBuilder line = new StringBuilder();
    try {
      int c = System.in.read();
      for (; c >= 0 && c != '\n'; c = System.in.read()) {
        line.append((char) c);
      }
      if (c < 0) {
        System.err.println(); // Ctrl-D leaves the cursor behind the question
      }
    } catch (IOException e) {
      return ""; // no answer is no
    }
    return line.toString();
  }
}
