package gpt.cli.commands;

import gpt.GptException;
import gpt.cli.options.UsageException;
import gpt.load.ModelLocator;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The folder that {@code --out} names for a model, and checks before it is written. */
final class OutFolder {
  private static final List<String> REPLACED =
      List.of("model.safetensors", "config.json", "characters.json");

  /** Files of models that are ignored in a folder that has a model.safetensors. */
  private static final List<String> SHADOWED = List.of("model.safetensors.index.json", "ckpt.pt");

  private OutFolder() {}

  /**
   * The folder, which need not exist.
   *
   * @param force whether a model in it may be replaced or shadowed
   * @throws GptException if it is a file, or holds a model and {@code force} is not set
   */
  static Path checked(String out, boolean force) {
    Path folder = path(out);
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw new GptException(
          "--out "
              + out
              + ": is a file, but the model is written as a folder; name a folder, which is created"
              + " if it is missing");
    }
    if (!force) {
      checkFree(out, folder);
    }
    return folder;
  }

  /** The path that {@code --out} names, a folder or a file. */
  static Path path(String out) {
    if (out.isBlank()) {
      throw new UsageException("--out: must name a folder");
    }
    return ModelLocator.path(out);
  }

  private static void checkFree(String out, Path folder) {
    for (String name : REPLACED) {
      if (Files.exists(folder.resolve(name))) {
        throw new GptException(
            "--out %s: %s exists already; choose another folder, or replace it with --force"
                .formatted(out, name));
      }
    }
    for (String name : SHADOWED) {
      if (Files.exists(folder.resolve(name))) {
        throw new GptException(
            ("--out %s: has a %s, which --model %s would no longer read; choose another"
                    + " folder, or use --force")
                .formatted(out, name, out));
      }
    }
  }
}
