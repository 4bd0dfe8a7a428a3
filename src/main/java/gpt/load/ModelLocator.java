package gpt.load;

import gpt.GptException;
import gpt.hub.Downloader;
import gpt.hub.HubName;
import gpt.hub.HubSettings;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Finds a model's file or folder by name or path. */
public final class ModelLocator {
  /** The demo model, which is part of the repository. */
  public static final String DEMO = "shakespeare-char";

  private static final Downloader.Listener SILENT = new Downloader.Listener() {};

  private ModelLocator() {}

  /**
   * Looks for a path, then for a folder of that name in {@code weights/}, then for a model on the
   * class path.
   */
  public static Optional<Path> find(String model) {
    return find(model, weightsFolders()).or(() -> ClassPathModel.find(model));
  }

  /**
   * As {@link #find}, and then in the Hugging Face cache.
   *
   * @param download whether a missing model is downloaded from the hub into the cache
   * @throws GptException if there is none
   */
  public static Path locate(String model, boolean download) {
    return find(model)
        .orElseGet(
            () -> {
              HubName name = HubName.parse(model).orElseThrow(() -> missing("model", model));
              HubSettings settings = HubSettings.ofProcess();
              return new HubModels(settings)
                  .take(
                      "model",
                      name,
                      "LoadOptions.download(true)",
                      question -> download,
                      missing -> new Downloader(settings, SILENT).download(missing));
            });
  }

  static Optional<Path> find(String model, List<Path> weightsFolders) {
    Path path = path(model);
    if (!model.isEmpty() && Files.exists(path)) {
      return Optional.of(path);
    }
    return isName(model)
        ? weightsFolders.stream().map(w -> w.resolve(model)).filter(Files::exists).findFirst()
        : Optional.empty();
  }

  /** Whether a text can be a model's name rather than a path. */
  static boolean isName(String model) {
    return model.matches("[\\w.-]*\\w[\\w.-]*");
  }

  /** The error for a model that {@link #find} does not find. */
  public static GptException missing(String option, String model) {
    return missing(option, model, weightsFolders());
  }

  static GptException missing(String option, String model, List<Path> weightsFolders) {
    return new GptException(
        option
            + " "
            + model
            + ": no such file or folder"
            + (isName(model)
                ? ", and no "
                    + model
                    + " in "
                    + String.join(", ", weightsFolders.stream().map(Path::toString).toList())
                : ""));
  }

  /**
   * The folders {@code weights} in the jar's folder, in its parent and in the working directory.
   */
  private static List<Path> weightsFolders() {
    List<Path> folders = new ArrayList<>();
    CodeSource source = ModelLocator.class.getProtectionDomain().getCodeSource();
    if (source != null) {
      try {
        Path parent = Path.of(source.getLocation().toURI()).getParent();
        for (int i = 0; i < 2 && parent != null; i++, parent = parent.getParent()) {
          folders.add(parent.resolve("weights"));
        }
      } catch (URISyntaxException | IllegalArgumentException e) {
        // The classes are not in a file: only the working directory remains.
      }
    }
    Path here = Path.of("").toAbsolutePath();
    folders.add(here.resolve("weights"));
    return folders.stream()
        .map(f -> f.startsWith(here) ? here.relativize(f) : f)
        .distinct()
        .toList();
  }

  /**
   * Converts a user's text to a path.
   *
   * @throws GptException if it is not a valid path on this system
   */
  public static Path path(String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new GptException(
          "not a path on this system: "
              + e.getMessage()
              + (asciiLocale() ? " (set LC_ALL=C.UTF-8)" : ""),
          e);
    }
  }

  /** Whether the locale has no charset, so that Java reads file names as ASCII. */
  public static boolean asciiLocale() {
    return "ANSI_X3.4-1968".equals(System.getProperty("sun.jnu.encoding"));
  }
}
