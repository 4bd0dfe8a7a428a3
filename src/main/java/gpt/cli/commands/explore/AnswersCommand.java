package gpt.cli.commands.explore;

import gpt.cli.output.Follower;
import gpt.GptException;
import gpt.OnFull;
import gpt.cli.options.CommonOptions;
import gpt.cli.options.DeviceOptions;
import gpt.cli.options.ModelOptions;
import gpt.cli.options.OptionGroup;
import gpt.cli.options.PlotOptions;
import gpt.cli.options.PromptOptions;
import gpt.cli.options.SamplingOptions;
import gpt.cli.options.TextConsumer;
import gpt.cli.output.ContextTail;
import gpt.cli.output.ProgressBar;
import gpt.cli.output.StandardOutput;
import gpt.cli.output.Terminal;
import gpt.cli.output.explore.AnswersPrinter;
import gpt.explore.Answers;
import gpt.explore.plot.PlotFile;
import gpt.generate.FinishedCompletion;
import gpt.generate.Generator;
import gpt.generate.Listener;
import gpt.generate.Request;
import gpt.load.DeviceChoice;
import gpt.load.LoadedModel;
import gpt.sampling.SamplingParameters;
import gpt.tokenizer.Vocabulary;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Counts how often each continuation of a prompt comes. */
@OptionGroup.In(OptionGroup.LENGTH)
@Command(
    name = "answers",
    sortOptions = false,
    description = {
      "Samples many continuations of a prompt, decoded together, and counts how often each comes:"
          + " its share, and the 95%% confidence interval of its probability (Wilson).",
      "The samples are those of generate with the same options and seed."
    },
    footer = {
      "",
      "Examples:",
      "  gpt answers --prompt \"The king is d\" --num-samples 200 -n 4",
      "  gpt answers -p \"ROMEO:\" -n 40 --first-line --top 10",
      "  gpt answers -m gpt2 -p \"Q: Is water wet? A:\" -n 8 --stop . --plot answers.svg"
    })
public final class AnswersCommand implements Callable<Integer> {
  private static final int MAX_SAMPLES = 100_000;

  /** Bars of a picture. */
  private static final int MAX_BARS = 100;

  /** Columns of the prompt in a picture's title. */
  private static final int TITLE = 40;

  @Mixin private ModelOptions model;

  @Mixin private PromptOptions prompt;

  @Option(
      names = "--num-samples",
      paramLabel = "N",
      defaultValue = "100",
      description = "Continuations to sample. Default: ${DEFAULT-VALUE}")
  private int numSamples;

  @Option(
      names = {"-n", "--max-new-tokens"},
      paramLabel = "N",
      defaultValue = "20",
      description = "Maximum number of tokens of each. Default: ${DEFAULT-VALUE}")
  private int maxNewTokens;

  @Option(
      names = "--stop",
      paramLabel = "STRING",
      parameterConsumer = TextConsumer.class,
      description = "End a continuation before this text. Can be given several times.")
  private List<String> stops = List.of();

  @Option(
      names = "--first-line",
      description =
          "Count only the first line that is not blank of each continuation, without spaces around"
              + " it. Default: the whole text, of several lines or not")
  private boolean firstLine;

  @Mixin private SamplingOptions sampling;

  @Mixin private DeviceOptions device;

  @OptionGroup.In(OptionGroup.OUTPUT)
  @Option(
      names = "--top",
      paramLabel = "N",
      defaultValue = "20",
      description = "Answers to show; 0 shows all. Default: ${DEFAULT-VALUE}")
  private int top;

  @Mixin private PlotOptions plot;

  @OptionGroup.In(OptionGroup.OUTPUT)
  @Option(names = "--json", description = "Print one JSON object, with all answers.")
  private boolean json;

  @Mixin private CommonOptions common;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    SamplingParameters parameters = checkedOptions();
    Optional<PlotFile> file = plot.checked(this::usage);
    try (LoadedModel loaded = load(prompt.read(common.quiet), parameters)) {
      loaded.opened().notes().forEach(this::note);
      AnswersPrinter printer = new AnswersPrinter(sample(loaded, parameters), top);
      StandardOutput.write(json ? printer.json(loaded, parameters) : printer.text());
      if (file.isPresent()) {
        Vocabulary vocabulary = new Vocabulary(loaded.tokenizer());
        String title = new ContextTail(vocabulary, loaded.ids(), TITLE).toString();
        file.get().write(printer.chart(title, MAX_BARS));
        note("wrote " + file.get().path());
      }
    } catch (PromptOptions.InvalidException e) {
      throw usage(e.getMessage());
    }
    return CommandLine.ExitCode.OK;
  }

  private SamplingParameters checkedOptions() {
    if (numSamples < 1 || numSamples > MAX_SAMPLES) {
      throw usage("--num-samples: must be from 1 to " + MAX_SAMPLES + ", found " + numSamples);
    }
    if (maxNewTokens < 1) {
      throw usage("--max-new-tokens: must be 1 or more, found " + maxNewTokens);
    }
    if (top < 0) {
      throw usage("--top: must be 0 (all) or more, found " + top);
    }
    if (stops.contains("")) {
      throw usage("--stop: the text must not be empty");
    }
    device.check(this::usage);
    return sampling.parameters(maxNewTokens, this::usage);
  }

  private LoadedModel load(PromptOptions.Prompt given, SamplingParameters parameters)
      throws PromptOptions.InvalidException {
    return model.load(
        device,
        new DeviceChoice.Use(numSamples, false, 0, 1),
        (tokenizer, config) -> {
          if (tokenizer.isEmpty() && (!stops.isEmpty() || firstLine)) {
            throw new GptException(
                (firstLine ? "--first-line" : "--stop")
                    + ": needs a tokenizer, and this model has none");
          }
          SamplingOptions.checkIds(parameters, config.vocabSize());
          return given.encode(tokenizer, config);
        },
        !common.quiet);
  }

  private Answers sample(LoadedModel loaded, SamplingParameters parameters) {
    Request request =
        new Request(
            loaded.ids(),
            maxNewTokens,
            loaded.endIds(),
            stops,
            OnFull.SLIDE,
            parameters,
            0,
            numSamples,
            0,
            false);
    Generator generator = new Generator(loaded.engine(), loaded.tokenizer());
    boolean shown = !common.quiet && Terminal.isStandardError();
    try (ProgressBar bar = new ProgressBar("answers", shown)) {
      List<FinishedCompletion> completions = generator.generate(request, new Progress(bar));
      return Answers.of(completions.stream().map(this::answer).toList());
    }
  }

  private String answer(FinishedCompletion completion) {
    if (completion.text() == null) {
      return Arrays.stream(completion.ids())
          .mapToObj(String::valueOf)
          .collect(Collectors.joining(" "));
    }
    return firstLine
        ? completion
            .text()
            .lines()
            .map(String::strip)
            .filter(l -> !l.isEmpty())
            .findFirst()
            .orElse("")
        : completion.text();
  }

  private final class Progress implements Listener {
    private final ProgressBar bar;
    private int ended;

    Progress(ProgressBar bar) {
      this.bar = bar;
    }

    @Override
    public boolean token(int sample, int id, String text) {
      return true;
    }

    @Override
    public void promptCropped(int given, int kept) {
      note(Follower.cropped(given, kept));
    }

    @Override
    public void ended(FinishedCompletion completion) {
      ended++;
      bar.timed((double) ended / numSamples);
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
