package gpt.cli.commands;

import gpt.checkpoint.Checkpoint;
import gpt.cli.options.CommonOptions;
import gpt.cli.options.ModelOptions;
import gpt.cli.options.OptionGroup;
import gpt.cli.output.Json;
import gpt.cli.output.StandardOutput;
import gpt.load.LoadedModel;
import gpt.model.GptConfig;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Describes a model: shape, parameters, memory and tokenizer. */
@OptionGroup.In(OptionGroup.OUTPUT)
@Command(
    name = "info",
    sortOptions = false,
    description = "Describes a model: its shape, parameters, memory and tokenizer.",
    footer = {
      "",
      "Examples:",
      "  gpt info",
      "  gpt info --model out-shakespeare/ckpt.pt",
      "  gpt info --model my-gpt2 --json"
    })
public final class InfoCommand implements Callable<Integer> {
  @Mixin private ModelOptions model;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Mixin private CommonOptions common;

  @Override
  public Integer call() throws IOException {
    ModelInfo info = read();
    StandardOutput.write(json ? Json.line(info.toJson()) : info.toText());
    return CommandLine.ExitCode.OK;
  }

  private ModelInfo read() {
    try (Checkpoint checkpoint = Checkpoint.open(model.path(!common.quiet))) {
      checkpoint.notes().forEach(common::note);
      GptConfig config = model.config(checkpoint);
      return ModelInfo.of(checkpoint, config, LoadedModel.tokenizer(checkpoint, config));
    }
  }
}
