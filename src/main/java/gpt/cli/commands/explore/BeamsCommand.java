package gpt.cli.commands.explore;

import gpt.GptException;
import gpt.OnFull;
import gpt.cli.options.CommonOptions;
import gpt.cli.options.DeviceOptions;
import gpt.cli.options.ModelOptions;
import gpt.cli.options.OptionGroup;
import gpt.cli.options.PlotOptions;
import gpt.cli.options.PromptOptions;
import gpt.cli.options.TextConsumer;
import gpt.cli.output.ContextTail;
import gpt.cli.output.StandardOutput;
import gpt.cli.output.explore.BeamsPrinter;
import gpt.explore.BeamTree;
import gpt.explore.plot.BeamPicture;
import gpt.explore.plot.PlotFile;
import gpt.generate.beam.Beams;
import gpt.generate.Generator;
import gpt.generate.Request;
import gpt.load.DeviceChoice;
import gpt.load.LoadedModel;
import gpt.sampling.SamplingParameters;
import gpt.tokenizer.Vocabulary;
import java.io.IOException;
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

  @OptionGroup.In(OptionGroup.LENGTH)
  @Option(
      names = "--stop",
      paramLabel = "STRING",
      parameterConsumer = TextConsumer.class,
      description = "End a completion before this text. Can be given several times.")
  private List<String> stops = List.of();

  @Mixin private DeviceOptions device;

  @Mixin private PlotOptions plot;

  @OptionGroup.In(OptionGroup.OUTPUT)
  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Mixin private CommonOptions common;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    Beams beams = checkedOptions();
    Optional<PlotFile> file = plot.checked(this::usage);
    try (LoadedModel loaded = load(prompt.read(common.quiet))) {
      loaded.opened().notes().forEach(this::note);
      show(loaded, beams, file);
    } catch (PromptOptions.InvalidException e) {
      throw usage(e.getMessage());
    }
    return CommandLine.ExitCode.OK;
  }

  private Beams checkedOptions() {
    if (width < 1 || width > Beams.MAX_BEAMS) {
      throw usage("--beams: must be from 1 to " + Beams.MAX_BEAMS + ", found " + width);
    }
    if (maxNewTokens < 1) {
      throw usage("--max-new-tokens: must be 1 or more, found " + maxNewTokens);
    }
    if (stops.contains("")) {
      throw usage("--stop: the text must not be empty");
    }
    device.check(this::usage);
    try {
      return new Beams(width, lengthPenalty);
    } catch (GptException e) {
      throw usage("--length-penalty: " + e.getMessage());
    }
  }

  private LoadedModel load(PromptOptions.Prompt given) throws PromptOptions.InvalidException {
    return model.load(
        device,
        new DeviceChoice.Use(width, true, 0, 1),
        (tokenizer, config) -> {
          if (tokenizer.isEmpty() && !stops.isEmpty()) {
            throw new GptException("--stop: needs a tokenizer, and this model has none");
          }
          int[] ids = given.encode(tokenizer, config);
          if (ids.length > config.blockSize()) {
            throw new GptException(
                "the prompt has "
                    + ids.length
                    + " tokens, but the context holds "
                    + config.blockSize()
                    + "; shorten it");
          }
          return ids;
        },
        !common.quiet);
  }

  private void show(LoadedModel loaded, Beams beams, Optional<PlotFile> file) throws IOException {
    Request request =
        new Request(
            loaded.ids(),
            maxNewTokens,
            loaded.endIds(),
            stops,
            OnFull.STOP,
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
        note("the picture has room for the first " + BeamPicture.MAX_STEPS + " steps");
      }
      note("wrote " + file.get().path());
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
