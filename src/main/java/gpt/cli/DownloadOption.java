package gpt.cli;

import gpt.hub.HubName;
import gpt.hub.HubSettings;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Whether a model that is named, and not there, is downloaded. */
@OptionGroup.In(OptionGroup.MODEL)
final class DownloadOption {
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
  Path locate(String option, String model, boolean notes) {
    Optional<Path> local = ModelLocator.find(model);
    if (local.isPresent()) {
      return local.get();
    }
    HubName name = HubName.parse(model).orElseThrow(() -> ModelLocator.missing(option, model));
    return new HubModels(HubSettings.ofProcess()).take(option, name, download, notes);
  }
}
