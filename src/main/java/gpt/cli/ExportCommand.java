package gpt.cli;

import gpt.checkpoint.Checkpoint;
import gpt.checkpoint.CheckpointWriter;
import gpt.model.GptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Writes a model as a folder with config.json and model.safetensors. */
@Command(
    name = "export",
    description = "Writes a model as a folder with config.json and model.safetensors.",
    footer = {
      "",
      "Examples:",
      "  gpt export --model out/ckpt.pt --out my-model     then: gpt --model my-model",
      "  gpt export --model out --out my-model --force     over what is there"
    })
final class ExportCommand implements Callable<Integer> {
  private static final List<String> REPLACED =
      List.of("model.safetensors", "config.json", "characters.json");

  /** Models that a folder is read for only where it has no model.safetensors. */
  private static final List<String> SHADOWED = List.of("model.safetensors.index.json", "ckpt.pt");

  @Option(
      names = {"-m", "--model"},
      paramLabel = "PATH|NAME",
      required = true,
      description = "The model to write; whatever generate takes.")
  private String model;

  @Option(
      names = {"-o", "--out"},
      paramLabel = "DIR",
      required = true,
      description = "The folder; made where it is missing.")
  private String out;

  @Option(names = "--force", description = "Replace a model that is already there.")
  private boolean force;

  @Mixin private CommonOptions common;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    if (out.isBlank()) {
      throw new ParameterException(spec.commandLine(), "--out: must name a folder");
    }
    Path folder = ModelLocator.path(out);
    if (!force) {
      checkFree(folder);
    }
    try (LoadProgress bar = new LoadProgress(Terminal.isStandardError());
        Checkpoint checkpoint = Checkpoint.open(ModelLocator.locate(model), bar::read)) {
      CheckpointWriter.write(checkpoint, folder, null, force, (done, total) -> {});
    }
    System.err.println("gpt: wrote " + folder + "; run it with --model " + folder);
    return CommandLine.ExitCode.OK;
  }

  private void checkFree(Path folder) {
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
