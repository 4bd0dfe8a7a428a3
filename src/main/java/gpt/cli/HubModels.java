package gpt.cli;

import gpt.GptException;
import gpt.hub.Downloader;
import gpt.hub.HubCache;
import gpt.hub.HubName;
import gpt.hub.HubSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Models by the names that they have on the hub. */
final class HubModels {
  private final HubSettings settings;
  private final HubCache cache;

  HubModels(HubSettings settings) {
    this.settings = settings;
    this.cache = new HubCache(settings.cache());
  }

  /**
   * The folder of a model in the cache; where it is not there, it is downloaded if that is wanted,
   * or if somebody at a terminal says yes.
   *
   * @param option that names it
   * @throws GptException where it is not there, or cannot be downloaded
   */
  Path take(String option, HubName name, boolean download, boolean notes) {
    Optional<Path> cached = cache.find(name);
    if (cached.isPresent()) {
      return cached.get();
    }
    String missing =
        option
            + " "
            + name
            + ": "
            + (name.earlier().isPresent() ? "" : "no such file or folder, and ")
            + "not in the Hugging Face cache ("
            + settings.cache()
            + ")";
    if (settings.offline()) {
      throw new GptException(
          missing + "; HF_HUB_OFFLINE is set: unset it, and gpt download " + name + " loads it");
    }
    if (!download && !(notes && yes(name))) {
      throw new GptException(
          missing
              + "; gpt download "
              + name
              + " loads it"
              + size(name)
              + ", or --download at once");
    }
    return download(name, notes);
  }

  /** Downloads what is missing of a model, and says so. */
  Path download(HubName name, boolean notes) {
    try (DownloadProgress progress =
        new DownloadProgress(name, settings, notes, notes && Terminal.isStandardError())) {
      return new Downloader(settings, progress).download(name);
    }
  }

  private boolean yes(HubName name) {
    if (!Terminal.isStandardInput() || !Terminal.isStandardError()) {
      return false;
    }
    System.err.print(
        "gpt: "
            + name
            + " is not in the Hugging Face cache. Download it"
            + size(name)
            + " from "
            + settings.endpoint()
            + "? [y/N] ");
    System.err.flush();
    String answer = line();
    return answer.strip().equalsIgnoreCase("y") || answer.strip().equalsIgnoreCase("yes");
  }

  private static String size(HubName name) {
    return name.publishedBytes().map(b -> " (about " + Bytes.text(b) + ")").orElse("");
  }

  /** One line of standard input and no byte more, which is somebody else's. */
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
