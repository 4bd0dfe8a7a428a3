package gpt.cli;

import gpt.checkpoint.Checkpoint;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Which model, and how it is read. */
final class ModelOptions {
  @Option(
      names = {"-m", "--model"},
      paramLabel = "PATH|NAME",
      defaultValue = ModelLocator.DEMO,
      description = {
        "A folder with config.json and model.safetensors, a nanoGPT output folder, a ckpt.pt, a"
            + " .safetensors or .gguf file, or the name of a folder in weights/.",
        "Default: ${DEFAULT-VALUE}"
      })
  private String model;

  @Option(
      names = "--gelu",
      paramLabel = "exact|tanh",
      completionCandidates = Choice.Gelus.class,
      description = "The activation's form. Default: what the checkpoint says.")
  private Gelu gelu;

  /** The file or folder. */
  Path path() {
    return ModelLocator.locate(model);
  }

  /** The checkpoint's shape, with the activation that was asked for. */
  GptConfig config(Checkpoint checkpoint) {
    return gelu == null ? checkpoint.config() : checkpoint.config().withGelu(gelu);
  }
}
