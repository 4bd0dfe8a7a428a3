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

/** Models by the names that they have on the hub. */
public final class HubModels {
  private final HubSettings settings;
  private final HubCache cache;

  /** Models in the cache that the settings name. */
  public HubModels(HubSettings settings) {
    this.settings = settings;
    this.cache = new HubCache(settings.cache());
  }

  /**
   * The folder of a model in the cache, downloaded where it is not there and that is wanted.
   *
   * @param option that names the model, for errors
   * @param consent asked whether to download, with the question in words; nothing is connected to
   *     before
   * @param download downloads it
   * @throws GptException where it is not there, or cannot be downloaded
   */
  public Path take(
      String option, HubName name, Predicate<String> consent, Function<HubName, Path> download) {
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
          missing + "; gpt download " + name + " loads it" + size + ", or --download at once");
    }
    return download.apply(name);
  }
}
