package gpt.cli;

import gpt.checkpoint.Checkpoint;
import gpt.checkpoint.CheckpointWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
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
  @Option(
      names = {"-m", "--model"},
      paramLabel = "PATH|NAME",
      required = true,
      description = "The model to write; whatever generate takes.")
  private String model;

  @Mixin private DownloadOption download;

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
    Path folder = OutFolder.checked(spec.commandLine(), out, force);
    Path from = download.locate(model, true);
    try (LoadProgress bar = new LoadProgress(Terminal.isStandardError());
        Checkpoint checkpoint = Checkpoint.open(from, bar::read)) {
      CheckpointWriter.write(checkpoint, folder, null, force, (done, total) -> {});
    }
    System.err.println("gpt: wrote " + folder + "; run it with --model " + folder);
    return CommandLine.ExitCode.OK;
  }
}
