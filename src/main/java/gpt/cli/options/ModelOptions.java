package gpt.cli.options;

import gpt.checkpoint.Checkpoint;
import gpt.cli.output.LoadBar;
import gpt.cli.output.Terminal;
import gpt.load.DeviceChoice;
import gpt.load.LoadedModel;
import gpt.load.ModelLocator;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which model, and how it is read. */
@OptionGroup.In(OptionGroup.MODEL)
public final class ModelOptions {
  @Option(
      names = {"-m", "--model"},
      paramLabel = "PATH|NAME",
      defaultValue = ModelLocator.DEMO,
      description = {
        "A folder with config.json and model.safetensors, a nanoGPT output folder, a ckpt.pt, a"
            + " .safetensors or .gguf file, the name of a folder in weights/, or a model of the"
            + " hub: gpt2, gpt2-medium, gpt2-large, gpt2-xl, distilgpt2, ORG/NAME[@REVISION].",
        "Default: ${DEFAULT-VALUE}"
      })
  private String model;

  @Mixin private DownloadOption download;

  @Option(
      names = "--gelu",
      paramLabel = "exact|tanh",
      completionCandidates = Choice.Gelus.class,
      description = "The activation's form. Default: what the checkpoint says.")
  private Gelu gelu;

  /**
   * The file or folder.
   *
   * @param notes whether a download that is needed may say so and ask
   */
  public Path path(boolean notes) {
    return download.locate("--model", model, notes);
  }

  /** The checkpoint's shape, with the activation that was asked for. */
  public GptConfig config(Checkpoint checkpoint) {
    return gelu == null ? checkpoint.config() : checkpoint.config().withGelu(gelu);
  }

  /**
   * Loads the model, with a bar where that takes a while.
   *
   * @param bar whether it may be drawn, if standard error is a terminal
   */
  public LoadedModel load(
      DeviceOptions device,
      DeviceChoice.Use use,
      LoadedModel.Ids<PromptOptions.InvalidException> ids,
      boolean bar)
      throws PromptOptions.InvalidException {
    Path path = path(bar);
    try (LoadBar progress = new LoadBar(bar && Terminal.isStandardError())) {
      return LoadedModel.load(path, Optional.ofNullable(gelu), device.choice(), use, ids, progress);
    }
  }
}
