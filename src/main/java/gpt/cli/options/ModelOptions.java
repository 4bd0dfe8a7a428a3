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

/** The model, and how to read it. */
@OptionGroup.In(OptionGroup.MODEL)
public final class ModelOptions {
  @Option(
      names = {"-m", "--model"},
      paramLabel = "PATH|NAME",
      defaultValue = ModelLocator.DEMO,
      description = {
        "A folder with config.json and model.safetensors, a nanoGPT output folder, a ckpt.pt,"
            + " .safetensors or .gguf file, the name of a folder in weights/, or a Hugging Face"
            + " model: gpt2, gpt2-medium, gpt2-large, gpt2-xl, distilgpt2, ORG/NAME[@REVISION].",
        "Default: ${DEFAULT-VALUE}"
      })
  private String model;

  @Mixin private DownloadOption download;

  @Option(
      names = "--gelu",
      paramLabel = "exact|tanh",
      completionCandidates = Choice.Gelus.class,
      description = "Form of the GELU activation. Default: the checkpoint's")
  private Gelu gelu;

  /**
   * The model's file or folder, downloaded first if needed.
   *
   * @param notes whether a download may print notes and ask the user
   */
  public Path path(boolean notes) {
    return download.locate("--model", model, notes);
  }

  /**
   * Another model's file or folder, downloaded first if that is allowed.
   *
   * @param option the option that names it
   */
  public Path locate(String option, String name) {
    return download.locate(option, name, false);
  }

  /** The checkpoint's configuration, with the GELU form that {@code --gelu} chooses. */
  public GptConfig config(Checkpoint checkpoint) {
    return gelu == null ? checkpoint.config() : checkpoint.config().withGelu(gelu);
  }

  /**
   * Loads the model and opens the device, with a progress bar and notes.
   *
   * @param ids makes the prompt's ids as soon as tokenizer and configuration are read, before the
   *     weights are loaded
   */
  public LoadedModel load(
      DeviceOptions device, DeviceChoice.Use use, LoadedModel.Ids ids, CommonOptions common) {
    LoadedModel loaded = load(path(!common.quiet), device, use, ids, !common.quiet);
    loaded.opened().notes().forEach(common::note);
    return loaded;
  }

  /**
   * Loads the model from a path that {@link #path} has returned, without a prompt.
   *
   * @param bar whether to draw a progress bar if standard error is a terminal
   */
  public LoadedModel load(Path path, DeviceOptions device, DeviceChoice.Use use, boolean bar) {
    return load(path, device, use, (tokenizer, config) -> new int[0], bar);
  }

  /** The model's name without folders: what stands behind the last slash. */
  public String shortName() {
    String name = model.replaceFirst("[/\\\\]+$", "");
    return name.substring(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1);
  }

  private LoadedModel load(
      Path path, DeviceOptions device, DeviceChoice.Use use, LoadedModel.Ids ids, boolean bar) {
    try (LoadBar progress = new LoadBar(bar && Terminal.isStandardError())) {
      return LoadedModel.load(path, Optional.ofNullable(gelu), device.choice(), use, ids, progress);
    }
  }
}
