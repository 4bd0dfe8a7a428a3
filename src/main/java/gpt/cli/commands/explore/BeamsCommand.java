package gpt.cli.commands.explore;

import gpt.GptException;
import gpt.OnFull;
import gpt.cli.options.CommonOptions;
import gpt.cli.options.DeviceOptions;
import gpt.cli.options.ModelOptions;
import gpt.cli.options.Numbers;
import gpt.cli.options.OptionGroup;
import gpt.cli.options.PlotOptions;
import gpt.cli.options.PromptOptions;
import gpt.cli.options.StopOption;
import gpt.cli.options.UsageException;
import gpt.cli.output.ContextTail;
import gpt.cli.output.StandardOutput;
import gpt.cli.output.explore.BeamsPrinter;
import gpt.explore.BeamTree;
import gpt.explore.plot.BeamPicture;
import gpt.explore.plot.PlotFile;
import gpt.generate.Generator;
import gpt.generate.Request;
import gpt.generate.beam.Beams;
import gpt.load.DeviceChoice;
import gpt.load.LoadedModel;
import gpt.sampling.SamplingParameters;
import gpt.tokenizer.Vocabulary;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows beam search as a tree. */
@OptionGroup.In(OptionGroup.BEAM_SEARCH)
@Command(
    name = "beams",
    sortOptions = false,
    description = {
      "Shows beam search as a tree: for each step the best candidates, each a beam and a next"
          + " token, with the sum of their log-probabilities, which of them are the next beams,"
          + " and which end.",
      "The search and its numbers are those of generate --beams."
    },
    footer = {
      "",
      "Examples:",
      "  gpt beams --prompt \"The king is\" --beams 3 -n 5",
      "  gpt beams --prompt \"The king is\" -n 12 --plot tree.svg",
      "  gpt beams -p \"ROMEO:\" --beams 2 --length-penalty 0 --json"
    })
public final class BeamsCommand implements Callable<Integer> {
  /** Columns of the prompt in a picture's title. */
  private static final int TITLE = 40;

  @Mixin private ModelOptions model;

  @Mixin private PromptOptions prompt;

  @Option(
      names = "--beams",
      paramLabel = "N",
      defaultValue = "4",
      description = "The number of beams, 1 to 64. Default: ${DEFAULT-VALUE}")
  private int width;

  @Option(
      names = "--length-penalty",
      paramLabel = "A",
      defaultValue = "1",
      description =
          "Divide a completion's log-probability by its length to the power A; 0 is off."
              + " Default: ${DEFAULT-VALUE}")
  private double lengthPenalty;

  @OptionGroup.In(OptionGroup.LENGTH)
  @Option(
      names = {"-n", "--max-new-tokens"},
      paramLabel = "N",
      defaultValue = "10",
      description = "Maximum number of tokens of a completion. Default: ${DEFAULT-VALUE}")
  private int maxNewTokens;

  @Mixin private StopOption stop;

  @Mixin private DeviceOptions device;

  @Mixin private PlotOptions plot;

  @OptionGroup.In(OptionGroup.OUTPUT)
  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Mixin private CommonOptions common;

  @Override
  public Integer call() throws IOException {
    Beams beams = checkedOptions();
    Optional<PlotFile> file = plot.checked();
    try (LoadedModel loaded = load(prompt.read(common.quiet))) {
      show(loaded, beams, file);
    }
    return CommandLine.ExitCode.OK;
  }

  private Beams checkedOptions() {
    if (width < 1 || width > Beams.MAX_BEAMS) {
      throw new UsageException(
          "--beams: must be from 1 to " + Beams.MAX_BEAMS + ", found " + width);
    }
    Numbers.atLeast(1, "--max-new-tokens", maxNewTokens);
    stop.check();
    device.check();
    try {
      return new Beams(width, lengthPenalty);
    } catch (GptException e) {
      throw new UsageException("--length-penalty: " + e.getMessage());
    }
  }

  private LoadedModel load(PromptOptions.Prompt given) {
    return model.load(
        device,
        new DeviceChoice.Use(width, true, 0, 1),
        (tokenizer, config) -> {
          stop.check(tokenizer);
          int[] ids = given.encode(tokenizer, config);
          if (ids.length > config.blockSize()) {
            throw new GptException(
                "the prompt has %s tokens, but the context holds %s; shorten it"
                    .formatted(ids.length, config.blockSize()));
          }
          return ids;
        },
        common);
  }

  private void show(LoadedModel loaded, Beams beams, Optional<PlotFile> file) throws IOException {
    Request request =
        new Request(
            loaded.ids(),
            new Request.Length(maxNewTokens, loaded.endIds(), stop.stops(), OnFull.STOP),
            SamplingParameters.greedy(),
            0,
            width,
            0,
            false);
    BeamTree tree = BeamTree.of(new Generator(loaded.engine(), loaded.tokenizer()), request, beams);
    Vocabulary vocabulary = new Vocabulary(loaded.tokenizer());
    BeamsPrinter printer = new BeamsPrinter(tree, loaded.ids(), vocabulary);
    StandardOutput.write(json ? printer.json(loaded, beams) : printer.text());
    if (file.isPresent()) {
      String end = new ContextTail(vocabulary, loaded.ids(), TITLE).toString();
      file.get().write(new BeamPicture(tree, end, vocabulary::label));
      if (tree.steps().size() > BeamPicture.MAX_STEPS) {
        common.note("the picture has room for the first " + BeamPicture.MAX_STEPS + " steps");
      }
      common.note("wrote " + file.get().path());
    }
  }
}
