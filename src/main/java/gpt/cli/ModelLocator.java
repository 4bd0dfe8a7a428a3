package gpt.cli;

import gpt.model.GptException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Finds the file or folder that {@code --model} means. */
final class ModelLocator {
  /** The model that comes with the sources. */
  static final String DEMO = "shakespeare-char";

  private static final Set<String> PUBLISHED =
      Set.of("gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl", "distilgpt2");

  private ModelLocator() {}

  /**
   * A path that exists, or else a folder of that name in {@code weights/}.
   *
   * @throws GptException where there is neither
   */
  static Path locate(String model) {
    return locate(model, weightsFolders());
  }

  static Path locate(String model, List<Path> weightsFolders) {
    Path path = path(model);
    if (!model.isEmpty() && Files.exists(path)) {
      return path;
    }
    if (model.matches("[\\w.-]*\\w[\\w.-]*")) {
      for (Path weights : weightsFolders) {
        if (Files.exists(weights.resolve(model))) {
          return weights.resolve(model);
        }
      }
      if (PUBLISHED.contains(model)) {
        throw new GptException(
            "--model "
                + model
                + ": downloading by name is not there yet; a folder with the model's config.json"
                + " and model.safetensors works: --model FOLDER");
      }
      throw new GptException(
          "--model "
              + model
              + ": no such file or folder, and no "
              + model
              + " in "
              + String.join(", ", weightsFolders.stream().map(Path::toString).toList()));
    }
    throw new GptException("--model " + model + ": no such file or folder");
  }

  /** Beside the jar's folder, beside that folder's parent (target/..), in the working directory. */
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
        // Not loaded from a file: only the working directory is left.
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
   * A path from the command line.
   *
   * @throws GptException where this system cannot express it
   */
  static Path path(String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new GptException(
          "not a path on this system: "
              + e.getMessage()
              + (Arguments.asciiLocale() ? " (set LC_ALL=C.UTF-8)" : ""),
          e);
    }
  }
}
