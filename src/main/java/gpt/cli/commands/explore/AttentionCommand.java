package gpt.cli.commands.explore;

import gpt.cli.options.ColourOption;
import gpt.cli.options.CommonOptions;
import gpt.cli.options.DeviceOptions;
import gpt.cli.options.ModelOptions;
import gpt.cli.options.OptionGroup;
import gpt.cli.options.PlotOptions;
import gpt.cli.options.PromptOptions;
import gpt.cli.options.UsageException;
import gpt.cli.output.Json;
import gpt.cli.output.StandardOutput;
import gpt.cli.output.Terminal;
import gpt.cli.output.explore.AttentionPrinter;
import gpt.cli.output.explore.AttentionTable;
import gpt.explore.AttentionWeights;
import gpt.explore.plot.AttentionGrid;
import gpt.explore.plot.AttentionMap;
import gpt.explore.plot.PlotFile;
import gpt.load.DeviceChoice;
import gpt.load.LoadedModel;
import gpt.model.GptConfig;
import gpt.tokenizer.Tokenizer;
import gpt.tokenizer.Vocabulary;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows attention weights. */
@OptionGroup.In(OptionGroup.OUTPUT)
@Command(
    name = "attention",
    sortOptions = false,
    description = {
      "Shows the attention weights of one head or of all, softmax(Q K^T / sqrt(head size)): for"
          + " each token of the prompt (the query) how much it attends to itself and to each"
          + " earlier token (the keys). Needs a prompt.",
      "The weights are those of the forward pass that generates text. It runs on the cpu, because"
          + " TornadoVM's kernels compute softmax on the fly and never store the weights."
    },
    footer = {
      "",
      "Examples:",
      "  gpt attention --prompt \"ROMEO: My lord\" --layer 2 --head 1",
      "  gpt attention --prompt \"ROMEO: My lord\" --layer 2 --head mean",
      "  gpt attention --prompt \"ROMEO: My lord\" --layer all --head all --plot heads.svg",
      "  gpt attention --model my-gpt2 -p \"The cat sat on the\" --layer 5 --head 1 --plot cat.html"
    })
public final class AttentionCommand implements Callable<Integer> {
  private static final String ALL = "all";

  @Mixin private ModelOptions model;

  @Mixin private PromptOptions prompt;

  @OptionGroup.In(OptionGroup.ATTENTION)
  @Option(
      names = "--layer",
      paramLabel = "L|all",
      defaultValue = "0",
      description = "The layer (transformer block), from 0, or all. Default: ${DEFAULT-VALUE}")
  private String layer;

  @OptionGroup.In(OptionGroup.ATTENTION)
  @Option(
      names = "--head",
      paramLabel = "H|all|mean|max",
      defaultValue = "0",
      description =
          "The head in that layer, from 0; or all, or the mean or the maximum over the layer's"
              + " heads. Default: ${DEFAULT-VALUE}")
  private String head;

  @Mixin private PlotOptions plot;

  @Mixin private ColourOption colour;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Option(names = "--csv", description = "Print comma-separated values, one line for each weight.")
  private boolean csv;

  @Mixin private DeviceOptions device;

  @Mixin private CommonOptions common;

  @Override
  public Integer call() throws IOException {
    device.onHost(
        "TornadoVM's kernels compute softmax on the fly and never store attention's weights");
    device.check();
    if (json && csv) {
      throw new UsageException("only one of --json and --csv can be given");
    }
    prompt.require("attention weights");
    layer = checked("--layer", layer, List.of(ALL));
    head = checked("--head", head, List.of(ALL, AttentionMap.MEAN, AttentionMap.MAX));
    Optional<PlotFile> file = plot.checked();
    ProbePrompt text = new ProbePrompt(prompt.read(common.quiet));
    try (LoadedModel loaded =
        model.load(
            device,
            DeviceChoice.Use.LOGITS,
            (tokenizer, config) -> ids(text, tokenizer, config, file),
            common)) {
      text.note(loaded.ids()).ifPresent(common::note);
      if (isMany()) {
        showMany(maps(loaded), file);
      } else {
        showOne(map(loaded), file);
      }
    }
    return CommandLine.ExitCode.OK;
  }

  /** Whether several maps are shown. */
  private boolean isMany() {
    return layer.equals(ALL) || head.equals(ALL);
  }

  /** One of the words, or a number without leading zeros. */
  private String checked(String option, String value, List<String> words) {
    if (words.contains(value)) {
      return value;
    }
    if (!value.matches("-?[0-9]{1,9}")) {
      throw new UsageException(
          "%s: expected a number, %s, found '%s'"
              .formatted(option, String.join(" or ", words), value));
    }
    return String.valueOf(Integer.parseInt(value));
  }

  private int[] ids(
      ProbePrompt text, Optional<Tokenizer> tokenizer, GptConfig config, Optional<PlotFile> file) {
    inRange("--layer", layer, config.nLayer(), "layers");
    inRange("--head", head, config.nHead(), "heads");
    int[] ids = text.ids(tokenizer, config);
    if (file.isPresent() && isMany()) {
      AttentionGrid.check(ids.length);
    } else if (file.isPresent()) {
      AttentionMap.check(file.get(), ids.length);
    }
    return ids;
  }

  private static void inRange(String option, String value, int size, String what) {
    if (Character.isLetter(value.charAt(0))) {
      return;
    }
    int number = Integer.parseInt(value);
    if (number < 0 || number >= size) {
      throw new UsageException(
          option + ": this model's " + what + " go from 0 to " + (size - 1) + ", found " + number);
    }
  }

  private List<AttentionMap.Token> tokens(LoadedModel loaded) {
    Vocabulary vocabulary = new Vocabulary(loaded.tokenizer());
    return Arrays.stream(loaded.ids())
        .mapToObj(id -> new AttentionMap.Token(id, vocabulary.label(id)))
        .toList();
  }

  private static String note(LoadedModel loaded) {
    GptConfig config = loaded.engine().config();
    return "A model of %d layers with %d heads each".formatted(config.nLayer(), config.nHead());
  }

  /** One head, or the mean or maximum over the heads of one layer. */
  private AttentionMap map(LoadedModel loaded) {
    int of = Integer.parseInt(layer);
    boolean one = !Character.isLetter(head.charAt(0));
    float[][] weights =
        one
            ? AttentionWeights.of(loaded.engine(), loaded.ids(), of, Integer.parseInt(head))
            : AttentionWeights.over(
                AttentionWeights.ofAll(loaded.engine(), loaded.ids())[of],
                head.equals(AttentionMap.MAX));
    return new AttentionMap(of, head, note(loaded), tokens(loaded), weights);
  }

  /** The layers and heads that are asked for, in one forward pass. */
  private List<List<AttentionMap>> maps(LoadedModel loaded) {
    float[][][][] weights = AttentionWeights.ofAll(loaded.engine(), loaded.ids());
    List<AttentionMap.Token> tokens = tokens(loaded);
    String note = note(loaded);
    List<List<AttentionMap>> maps = new ArrayList<>();
    for (int of = 0; of < weights.length; of++) {
      if (!layer.equals(ALL) && Integer.parseInt(layer) != of) {
        continue;
      }
      List<AttentionMap> row = new ArrayList<>();
      if (head.equals(AttentionMap.MEAN) || head.equals(AttentionMap.MAX)) {
        float[][] over = AttentionWeights.over(weights[of], head.equals(AttentionMap.MAX));
        row.add(new AttentionMap(of, head, note, tokens, over));
      }
      for (int h = 0; h < weights[of].length; h++) {
        if (head.equals(ALL) || head.equals(String.valueOf(h))) {
          row.add(new AttentionMap(of, String.valueOf(h), note, tokens, weights[of][h]));
        }
      }
      maps.add(row);
    }
    return maps;
  }

  /** Writes the picture, and prints JSON or CSV if asked to, else characters if there is none. */
  private void showOne(AttentionMap map, Optional<PlotFile> file) throws IOException {
    if (file.isPresent()) {
      map.write(file.get());
      common.note("wrote " + file.get().path());
    }
    AttentionPrinter printer = new AttentionPrinter(map);
    if (json) {
      StandardOutput.write(Json.line(printer.toJson()));
    } else if (csv) {
      StandardOutput.write(printer.toCsv());
    } else if (file.isEmpty()) {
      StandardOutput.write(printer.toText(Terminal.columns(), colour.wanted()));
    }
  }

  /** As {@link #showOne}, for several maps. */
  private void showMany(List<List<AttentionMap>> maps, Optional<PlotFile> file) throws IOException {
    if (file.isPresent()) {
      file.get().write(new AttentionGrid(maps));
      common.note("wrote " + file.get().path());
    }
    AttentionTable table = new AttentionTable(maps);
    if (json) {
      StandardOutput.write(Json.line(table.json()));
    } else if (csv) {
      StandardOutput.write(table.csv());
    } else if (file.isEmpty()) {
      StandardOutput.write(table.text());
    }
  }
}
