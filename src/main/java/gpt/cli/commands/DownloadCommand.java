package gpt.cli.commands;

import gpt.cli.options.CommonOptions;
import gpt.cli.options.DownloadOption;
import gpt.cli.options.UsageException;
import gpt.cli.output.StandardOutput;
import gpt.hub.HubName;
import gpt.hub.HubSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Downloads a model from Hugging Face into the cache. */
@Command(
    name = "download",
    sortOptions = false,
    description = {
      "Downloads a model into the Hugging Face cache, where --model and other tools find it, and"
          + " prints the model's folder.",
      "",
      "Downloads config.json, the weights as safetensors, and the tokenizer's files. Files that"
          + " are already complete are not downloaded again; interrupted downloads are resumed."
          + " Reads HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE, HTTPS_PROXY and"
          + " NO_PROXY."
    },
    footer = {
      "",
      "Examples:",
      "  gpt download gpt2                      then: gpt --model gpt2",
      "  gpt download distilgpt2",
      "  gpt download ORG/NAME@REVISION         a branch, a tag or a commit"
    })
public final class DownloadCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "NAME",
      completionCandidates = Published.class,
      description = "gpt2, gpt2-medium, gpt2-large, gpt2-xl, distilgpt2, or ORG/NAME[@REVISION].")
  private String name;

  @Mixin private CommonOptions common;

  /** The published models' names, for the completion script. */
  static final class Published implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return HubName.published().iterator();
    }
  }

  @Override
  public Integer call() throws IOException {
    HubName model =
        HubName.parse(name)
            .orElseThrow(
                () ->
                    new UsageException(
                        "'%s' is not a Hugging Face model name; expected %s, or ORG/NAME[@REVISION]"
                            .formatted(name, String.join(", ", HubName.published()))));
    Path folder = DownloadOption.download(model, HubSettings.ofProcess(), !common.quiet);
    common.note(model + " is complete; run it with --model " + model);
    StandardOutput.write(folder + "\n");
    return CommandLine.ExitCode.OK;
  }
}
