package gpt.load;

import gpt.GptException;
import gpt.hub.HubCache;
import gpt.hub.HubName;
import gpt.hub.HubSettings;
import gpt.model.Bytes;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;

/** Finds models of the Hugging Face hub in its cache, and downloads them if allowed. */
public final class HubModels {
  private final HubSettings settings;
  private final HubCache cache;

  /** Looks in the cache of these settings. */
  public HubModels(HubSettings settings) {
    this.settings = settings;
    this.cache = new HubCache(settings.cache());
  }

  /**
   * Finds a model in the cache; downloads it if it is missing and {@code consent} agrees.
   *
   * @param option the option that gave the name, for errors
   * @param how the option that allows the download, for errors
   * @param consent asked whether to download; before that there is no network access
   * @param download downloads the model and returns its folder
   * @throws GptException if the model is missing or cannot be downloaded
   */
  public Path take(
      String option,
      HubName name,
      String how,
      Predicate<String> consent,
      Function<HubName, Path> download) {
    Optional<Path> cached = cache.find(name);
    if (cached.isPresent()) {
      return cached.get();
    }
    String missing =
        option
            + " "
            + name
            + ": "
            + (name.shortName().isPresent() ? "" : "no such file or folder, and ")
            + "not in the Hugging Face cache ("
            + settings.cache()
            + ")";
    if (settings.offline()) {
      throw new GptException(missing + "; unset HF_HUB_OFFLINE and run gpt download " + name);
    }
    String size = name.publishedBytes().map(b -> " (about " + Bytes.text(b) + ")").orElse("");
    String question =
        name
            + " is not in the Hugging Face cache. Download it"
            + size
            + " from "
            + settings.endpoint()
            + "?";
    if (!consent.test(question)) {
      throw new GptException(
          missing + "; download it" + size + " with gpt download " + name + ", or with " + how);
    }
    return download.apply(name);
  }
}
