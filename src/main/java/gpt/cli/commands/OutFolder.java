package gpt.cli.commands;

import gpt.GptException;
import gpt.load.ModelLocator;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** The folder that {@code --out} names for a model. */
final class OutFolder {
  private static final List<String> REPLACED =
      List.of("model.safetensors", "config.json", "characters.json");

  /** Models that a folder is read for only where it has no model.safetensors. */
  private static final List<String> SHADOWED = List.of("model.safetensors.index.json", "ckpt.pt");

  private OutFolder() {}

  /**
   * The folder, which need not be there.
   *
   * @param force whether a model in it may be replaced or hidden
   * @throws GptException where it holds one that may not, or is no folder
   */
  static Path checked(CommandLine command, String out, boolean force) {
    Path folder = path(command, out);
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw new GptException(
          "--out "
              + out
              + ": is a file, and the model is written as a folder of several; name a folder, or"
              + " one that is to be made");
    }
    if (!force) {
      checkFree(out, folder);
    }
    return folder;
  }

  /** What {@code --out} names, a folder or a file. */
  static Path path(CommandLine command, String out) {
    if (out.isBlank()) {
      throw new ParameterException(command, "--out: must name a folder");
    }
    return ModelLocator.path(out);
  }

  private static void checkFree(String out, Path folder) {
    for (String name : REPLACED) {
      if (Files.exists(folder.resolve(name))) {
        throw new GptException(
            "--out "
                + out
                + ": there is a "
                + name
                + " already; choose another folder, or replace it with --force");
      }
    }
    for (String name : SHADOWED) {
      if (Files.exists(folder.resolve(name))) {
        throw new GptException(
            "--out "
                + out
                + ": there is a "
                + name
                + ", and --model "
                + out
                + " would no longer mean that one; choose another folder, or take --force");
      }
    }
  }
}
