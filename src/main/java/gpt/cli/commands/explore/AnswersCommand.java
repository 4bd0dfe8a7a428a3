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
import gpt.cli.options.SamplingOptions;
import gpt.cli.options.StopOption;
import gpt.cli.options.UsageException;
import gpt.cli.output.ContextTail;
import gpt.cli.output.Follower;
import gpt.cli.output.ProgressBar;
import gpt.cli.output.StandardOutput;
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
import picocli.CommandLine.Option;

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

  @Mixin private StopOption stop;

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

  @Override
  public Integer call() throws IOException {
    SamplingParameters parameters = checkedOptions();
    Optional<PlotFile> file = plot.checked();
    try (LoadedModel loaded = load(prompt.read(common.quiet), parameters)) {
      AnswersPrinter printer = new AnswersPrinter(sample(loaded, parameters), top);
      StandardOutput.write(json ? printer.json(loaded, parameters) : printer.text());
      if (file.isPresent()) {
        Vocabulary vocabulary = new Vocabulary(loaded.tokenizer());
        String title = new ContextTail(vocabulary, loaded.ids(), TITLE).toString();
        file.get().write(printer.chart(title, MAX_BARS));
        common.note("wrote " + file.get().path());
      }
    }
    return CommandLine.ExitCode.OK;
  }

  private SamplingParameters checkedOptions() {
    if (numSamples < 1 || numSamples > MAX_SAMPLES) {
      throw new UsageException(
          "--num-samples: must be from 1 to " + MAX_SAMPLES + ", found " + numSamples);
    }
    Numbers.atLeast(1, "--max-new-tokens", maxNewTokens);
    if (top < 0) {
      throw new UsageException("--top: must be 0 (all) or more, found " + top);
    }
    stop.check();
    device.check();
    return sampling.parameters(maxNewTokens);
  }

  private LoadedModel load(PromptOptions.Prompt given, SamplingParameters parameters) {
    return model.load(
        device,
        new DeviceChoice.Use(numSamples, false, 0, 1),
        (tokenizer, config) -> {
          if (tokenizer.isEmpty() && firstLine) {
            throw new GptException("--first-line: needs a tokenizer, and this model has none");
          }
          stop.check(tokenizer);
          SamplingOptions.checkIds(parameters, config.vocabSize());
          return given.encode(tokenizer, config);
        },
        common);
  }

  private Answers sample(LoadedModel loaded, SamplingParameters parameters) {
    Request request =
        new Request(
            loaded.ids(),
            new Request.Length(maxNewTokens, loaded.endIds(), stop.stops(), OnFull.SLIDE),
            parameters,
            0,
            numSamples,
            0,
            false);
    Generator generator = new Generator(loaded.engine(), loaded.tokenizer());
    try (ProgressBar bar = common.bar("answers")) {
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
      common.note(Follower.cropped(given, kept));
    }

    @Override
    public void ended(FinishedCompletion completion) {
      ended++;
      bar.timed((double) ended / numSamples);
    }
  }
}
