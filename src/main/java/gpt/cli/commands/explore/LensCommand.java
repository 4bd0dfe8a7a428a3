package gpt.cli.commands.explore;

import gpt.cli.options.CommonOptions;
import gpt.cli.options.DeviceOptions;
import gpt.cli.options.ModelOptions;
import gpt.cli.options.Numbers;
import gpt.cli.options.OptionGroup;
import gpt.cli.options.PlotOptions;
import gpt.cli.options.PromptOptions;
import gpt.cli.options.UsageException;
import gpt.cli.output.StandardOutput;
import gpt.cli.output.Terminal;
import gpt.cli.output.explore.LensPrinter;
import gpt.explore.Lens;
import gpt.explore.plot.LensPicture;
import gpt.explore.plot.PlotFile;
import gpt.load.DeviceChoice;
import gpt.load.LoadedModel;
import gpt.tokenizer.Vocabulary;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows what the model would predict after each layer. */
@OptionGroup.In(OptionGroup.ACTIVATIONS)
@Command(
    name = "lens",
    sortOptions = false,
    description = {
      "Shows what the model would predict after each layer (the logit lens): its final layer norm"
          + " and lm_head applied to the residual stream there. After the last layer that is the"
          + " model's own prediction. Also the norms of what attention and the MLP add. Needs a"
          + " prompt.",
      "It runs on the cpu: TornadoVM's kernels overwrite the stream from layer to layer."
    },
    footer = {
      "",
      "Examples:",
      "  gpt lens --prompt \"The king is d\"",
      "  gpt lens --prompt \"ROMEO: My lord\" --last 0 --plot lens.svg",
      "  gpt lens --model gpt2 -p \"The capital of France is\" --top 3 --json"
    })
public final class LensCommand implements Callable<Integer> {
  @Mixin private ModelOptions model;

  @Mixin private PromptOptions prompt;

  @Option(
      names = "--last",
      paramLabel = "N",
      defaultValue = "16",
      description = "Show the last N tokens of the prompt; 0 shows all. Default: ${DEFAULT-VALUE}")
  private int last;

  @Option(
      names = "--top",
      paramLabel = "N",
      defaultValue = "5",
      description = "Likeliest tokens to list for each. Default: ${DEFAULT-VALUE}")
  private int top;

  @Option(
      names = "--position",
      paramLabel = "P",
      description = "The token whose predictions to list, from 0. Default: the last one")
  private Integer position;

  @Mixin private DeviceOptions device;

  @Mixin private PlotOptions plot;

  @OptionGroup.In(OptionGroup.OUTPUT)
  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Mixin private CommonOptions common;

  @Override
  public Integer call() throws IOException {
    device.onHost("TornadoVM's kernels keep no residual stream between layers");
    device.check();
    prompt.require("predictions");
    if (last < 0) {
      throw new UsageException("--last: must be 0 (all) or more, found " + last);
    }
    Numbers.atLeast(1, "--top", top);
    Optional<PlotFile> file = plot.checked();
    ProbePrompt text = new ProbePrompt(prompt.read(common.quiet));
    try (LoadedModel loaded =
        model.load(
            device,
            DeviceChoice.Use.LOGITS,
            (tokenizer, config) -> {
              int[] ids = text.ids(tokenizer, config);
              checkPosition(ids.length);
              return ids;
            },
            common)) {
      text.note(loaded.ids()).ifPresent(common::note);
      show(loaded, file);
    }
    return CommandLine.ExitCode.OK;
  }

  private int first(int tokens) {
    int first = last == 0 ? 0 : Math.max(0, tokens - last);
    return position == null ? first : Math.min(first, position);
  }

  private void checkPosition(int tokens) {
    if (position != null && (position < 0 || position >= tokens)) {
      throw new UsageException(
          "--position: the prompt's tokens go from 0 to " + (tokens - 1) + ", found " + position);
    }
  }

  private void show(LoadedModel loaded, Optional<PlotFile> file) throws IOException {
    int tokens = loaded.ids().length;
    Lens lens = Lens.of(loaded.engine(), loaded.ids(), first(tokens), top);
    Vocabulary vocabulary = new Vocabulary(loaded.tokenizer());
    LensPrinter printer = new LensPrinter(lens, vocabulary);
    int shown = position == null ? tokens - 1 : position;
    StandardOutput.write(json ? printer.json(loaded) : printer.text(shown, Terminal.columns()));
    if (file.isPresent()) {
      file.get().write(new LensPicture(lens, vocabulary::label));
      if (lens.rows() > LensPicture.MAX_POSITIONS) {
        common.note("the picture has room for the last " + LensPicture.MAX_POSITIONS + " tokens");
      }
      common.note("wrote " + file.get().path());
    }
  }
}
