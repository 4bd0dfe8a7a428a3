package gpt.cli.commands;

import gpt.cli.options.ColourOption;
import gpt.cli.options.CommonOptions;
import gpt.cli.options.DeviceOptions;
import gpt.cli.options.ModelOptions;
import gpt.cli.options.OptionGroup;
import gpt.cli.options.PlotOptions;
import gpt.cli.options.PromptOptions;
import gpt.cli.output.AttentionPrinter;
import gpt.cli.output.Json;
import gpt.cli.output.StandardOutput;
import gpt.cli.output.Terminal;
import gpt.engine.Engine;
import gpt.explore.AttentionMap;
import gpt.explore.AttentionWeights;
import gpt.explore.PlotFile;
import gpt.load.DeviceChoice;
import gpt.load.LoadedModel;
import gpt.model.GptConfig;
import gpt.tokenizer.Vocabulary;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Shows the attention weights of one head. */
@OptionGroup.In(OptionGroup.OUTPUT)
@Command(
    name = "attention",
    sortOptions = false,
    description = {
      "Shows the attention weights of one head, softmax(Q K^T / sqrt(head size)): for each token"
          + " of the prompt (the query) how much it attends to itself and to each earlier token"
          + " (the keys). Needs a prompt.",
      "The weights are those of the forward pass that generates text. It runs on the cpu, because"
          + " TornadoVM's kernels compute softmax on the fly and never store the weights."
    },
    footer = {
      "",
      "Examples:",
      "  gpt attention --prompt \"ROMEO: My lord\" --layer 2 --head 1",
      "  gpt attention --prompt \"ROMEO: My lord\" --plot attention.svg",
      "  gpt attention --model my-gpt2 -p \"The cat sat on the\" --layer 5 --head 1 --plot cat.html"
    })
public final class AttentionCommand implements Callable<Integer> {
  @Mixin private ModelOptions model;

  @Mixin private PromptOptions prompt;

  @OptionGroup.In(OptionGroup.ATTENTION)
  @Option(
      names = "--layer",
      paramLabel = "L",
      defaultValue = "0",
      description = "The layer (transformer block), from 0. Default: ${DEFAULT-VALUE}")
  private int layer;

  @OptionGroup.In(OptionGroup.ATTENTION)
  @Option(
      names = "--head",
      paramLabel = "H",
      defaultValue = "0",
      description = "The head in that layer, from 0. Default: ${DEFAULT-VALUE}")
  private int head;

  @Mixin private PlotOptions plot;

  @Mixin private ColourOption colour;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Option(names = "--csv", description = "Print comma-separated values, one line for each weight.")
  private boolean csv;

  @Mixin private DeviceOptions device;

  @Mixin private CommonOptions common;

  @Spec private CommandSpec spec;

  /** Tokens of the prompt before it was cropped to the context. */
  private int promptLength;

  @Override
  public Integer call() throws IOException {
    device.onHost(
        "TornadoVM's kernels compute softmax on the fly and never store attention's weights",
        this::usage);
    device.check(this::usage);
    if (json && csv) {
      throw usage("only one of --json and --csv can be given");
    }
    if (!prompt.given()) {
      throw usage("--prompt: give the text whose attention weights to show");
    }
    Optional<PlotFile> file = plot.checked(this::usage);
    try (LoadedModel loaded = load(prompt.read(common.quiet), file)) {
      loaded.opened().notes().forEach(this::note);
      int[] ids = loaded.ids();
      if (promptLength > ids.length) {
        note(Follower.cropped(promptLength, ids.length));
      }
      AttentionMap map = map(loaded);
      if (file.isPresent()) {
        map.write(file.get());
        note("wrote " + file.get().path());
      }
      print(map, file.isPresent());
    } catch (PromptOptions.InvalidException e) {
      throw usage(e.getMessage());
    }
    return CommandLine.ExitCode.OK;
  }

  private LoadedModel load(PromptOptions.Prompt text, Optional<PlotFile> file)
      throws PromptOptions.InvalidException {
    LoadedModel.Ids<PromptOptions.InvalidException> ids =
        (tokenizer, config) -> {
          inRange("--layer", layer, config.nLayer(), "layers");
          inRange("--head", head, config.nHead(), "heads");
          int[] all = text.encode(tokenizer, config);
          promptLength = all.length;
          int kept = Math.min(promptLength, config.blockSize());
          if (file.isPresent()) {
            AttentionMap.check(file.get(), kept);
          }
          return Arrays.copyOfRange(all, promptLength - kept, promptLength);
        };
    return model.load(device, DeviceChoice.Use.LOGITS, ids, !common.quiet);
  }

  private static void inRange(String option, int value, int size, String what)
      throws PromptOptions.InvalidException {
    if (value < 0 || value >= size) {
      throw new PromptOptions.InvalidException(
          option + ": this model's " + what + " go from 0 to " + (size - 1) + ", found " + value);
    }
  }

  private AttentionMap map(LoadedModel loaded) {
    Engine engine = loaded.engine();
    int[] ids = loaded.ids();
    float[][] weights = AttentionWeights.of(engine, ids, layer, head);
    Vocabulary vocabulary = new Vocabulary(loaded.tokenizer());
    List<AttentionMap.Token> tokens =
        Arrays.stream(ids)
            .mapToObj(id -> new AttentionMap.Token(id, vocabulary.label(id)))
            .toList();
    GptConfig config = engine.config();
    String note =
        "A model of %d layers with %d heads each".formatted(config.nLayer(), config.nHead());
    return new AttentionMap(layer, head, note, tokens, weights);
  }

  /** Prints JSON or CSV if asked to, else the picture in characters if no file was written. */
  private void print(AttentionMap map, boolean drawn) throws IOException {
    AttentionPrinter printer = new AttentionPrinter(map);
    if (json) {
      StandardOutput.write(Json.line(printer.toJson()));
    } else if (csv) {
      StandardOutput.write(printer.toCsv());
    } else if (!drawn) {
      StandardOutput.write(printer.toText(Terminal.columns(), colour.wanted()));
    }
  }

  private ParameterException usage(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  private void note(String line) {
    if (!common.quiet) {
      System.err.println("gpt: " + line);
    }
  }
}
