package gpt.cli.commands;

import gpt.GptException;
import gpt.OnFull;
import gpt.Timings;
import gpt.cli.options.BeamOptions;
import gpt.cli.options.Choice;
import gpt.cli.options.CommonOptions;
import gpt.cli.options.DeviceOptions;
import gpt.cli.options.ModelOptions;
import gpt.cli.options.OptionGroup;
import gpt.cli.options.PromptOptions;
import gpt.cli.options.SamplingOptions;
import gpt.cli.options.TextConsumer;
import gpt.cli.options.TraceOptions;
import gpt.cli.output.JsonPrinter;
import gpt.cli.output.ProfileTable;
import gpt.cli.output.SamplePrinter;
import gpt.cli.output.SpeedLine;
import gpt.cli.output.TextPrinter;
import gpt.cli.output.TracePrinter;
import gpt.engine.Engine;
import gpt.generate.Generation;
import gpt.generate.Generator;
import gpt.generate.Request;
import gpt.load.DeviceChoice;
import gpt.load.LoadedModel;
import gpt.model.GptConfig;
import gpt.sampling.SamplingParameters;
import gpt.tokenizer.Tokenizer;
import gpt.tokenizer.Vocabulary;
import java.io.IOException;
import java.io.UncheckedIOException;
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

/** Continues a prompt: what runs where no command is named. Defaults are nanoGPT's sample.py's. */
@OptionGroup.In(OptionGroup.LENGTH)
@Command(
    name = "generate",
    sortOptions = false,
    description = "Continues a prompt. Runs where no command is named.",
    footer = {
      "",
      "Examples:",
      "  gpt --prompt \"ROMEO:\" --max-new-tokens 200",
      "  gpt --model out-shakespeare --num-samples 3 --temperature 1",
      "  gpt --prompt \"JULIET:\" --stop \"ROMEO:\"            ends before ROMEO speaks",
      "  gpt --prompt-file scene.txt --greedy               always the likeliest token",
      "  gpt --top-k 0 --top-p 0.9 --repetition-penalty 1.1 other ways to draw",
      "  gpt --beams 4 --num-return 2 -n 60                 the likeliest texts",
      "  gpt --prompt \"To be\" --json --quiet                one JSON object a sample",
      "  gpt --prompt \"To be\" -n 20 --trace                how each token is drawn",
      "  gpt --prompt \"To be\" -n 20 --plot steps.html      the same as a page with sliders"
    })
public final class GenerateCommand implements Callable<Integer> {
  /** More would be most of a vocabulary, and a list of a megabyte. */
  private static final int MOST_LOGPROBS = 1000;

  @Mixin private ModelOptions model;

  @Mixin private PromptOptions prompt;

  @Option(
      names = {"-n", "--max-new-tokens"},
      paramLabel = "N",
      defaultValue = "500",
      description = "Tokens to generate. Default: ${DEFAULT-VALUE}")
  private int maxNewTokens;

  @Mixin private SamplingOptions sampling;

  @Option(
      names = "--num-samples",
      paramLabel = "N",
      defaultValue = "1",
      description = "Texts to generate. Default: ${DEFAULT-VALUE}")
  private int numSamples;

  @Mixin private BeamOptions beams;

  @Option(
      names = "--stop",
      paramLabel = "STRING",
      parameterConsumer = TextConsumer.class,
      description = "End before this text. Can be given several times.")
  private List<String> stops = List.of();

  @Option(
      names = "--on-full",
      paramLabel = "slide|stop",
      defaultValue = "slide",
      completionCandidates = Choice.OnFulls.class,
      description =
          "When the context is full: slide it, which is slow, or end. Default: ${DEFAULT-VALUE}")
  private OnFull onFull;

  @Mixin private DeviceOptions device;

  @OptionGroup.In(OptionGroup.OUTPUT)
  @Option(names = "--json", description = "Print one JSON object a sample, each on a line.")
  private boolean json;

  @OptionGroup.In(OptionGroup.OUTPUT)
  @Option(
      names = "--logprobs",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "With --json: each token's log-probability by the model itself, and those of the N"
              + " likeliest. Default: none")
  private int logprobs;

  @Mixin private TraceOptions trace;

  @Mixin private CommonOptions common;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    SamplingParameters parameters = checkedOptions();
    try (LoadedModel loaded = load(prompt.read(common.quiet), parameters)) {
      loaded.opened().notes().forEach(this::note);
      generate(loaded, parameters);
    } catch (PromptOptions.InvalidException e) {
      throw usage(e.getMessage());
    } catch (UncheckedIOException e) {
      throw e.getCause(); // from the listener, which can throw no other
    }
    return CommandLine.ExitCode.OK;
  }

  private LoadedModel load(PromptOptions.Prompt given, SamplingParameters parameters)
      throws PromptOptions.InvalidException {
    int texts = beams.wanted() ? beams.beams().beams() : numSamples;
    DeviceChoice.Use use =
        trace.wanted()
            ? DeviceChoice.Use.LOGITS
            : new DeviceChoice.Use(texts, beams.wanted(), parameters, logprobs, 1);
    LoadedModel.Ids<PromptOptions.InvalidException> ids =
        (tokenizer, config) -> {
          int[] promptIds = given.encode(tokenizer, config);
          checkFit(promptIds, tokenizer, config);
          SamplingOptions.checkIds(parameters, config.vocabSize());
          return promptIds;
        };
    return model.load(device, use, ids, !common.quiet);
  }

  /** What the generator would refuse too, but only after the weights are loaded. */
  private void checkFit(int[] promptIds, Optional<Tokenizer> tokenizer, GptConfig config) {
    if (tokenizer.isEmpty() && !stops.isEmpty()) {
      throw new GptException("--stop needs a tokenizer, and this model has none");
    }
    if ((onFull == OnFull.STOP || beams.wanted()) && promptIds.length > config.blockSize()) {
      throw new GptException(
          "the prompt has "
              + promptIds.length
              + " tokens, but the context holds "
              + config.blockSize()
              + (beams.wanted()
                  ? "; shorten it, or do without --beams"
                  : "; shorten it, or take --on-full slide"));
    }
  }

  private void generate(LoadedModel loaded, SamplingParameters parameters) throws IOException {
    Optional<Tokenizer> tokenizer = loaded.tokenizer();
    Request request =
        new Request(
            loaded.ids(),
            maxNewTokens,
            loaded.endIds(),
            stops,
            beams.wanted() ? OnFull.STOP : onFull,
            parameters,
            0,
            beams.wanted() ? beams.texts() : numSamples,
            logprobs,
            trace.wanted());
    Engine engine = loaded.engine();
    Vocabulary vocabulary = new Vocabulary(tokenizer);
    SamplePrinter printer;
    if (json) {
      printer = new JsonPrinter(engine, sampling.seed(), loaded.seconds());
    } else if (trace.printed()) {
      printer = new TracePrinter(vocabulary, request, engine.config().blockSize(), trace.top());
    } else {
      printer = new TextPrinter(tokenizer, request);
    }
    Optional<StepRecorder> recorder =
        trace
            .file()
            .map(
                file ->
                    new StepRecorder(
                        file, parameters, vocabulary, loaded.ids(), trace.top(), this::note));
    ProfileTable profile = new ProfileTable(loaded.opened()::profile);
    Follower follower =
        new Follower(request, engine.config().blockSize(), printer, profile, recorder, this::note);
    if (!spec.commandLine().getParseResult().hasMatchedOption("--max-new-tokens")) {
      follower.noteSlidingAhead();
    }
    printer.begin();
    Generator generator = new Generator(engine, tokenizer);
    List<Generation> generations =
        beams.wanted()
            ? generator.search(request, beams.beams(), follower)
            : generator.generate(request, follower);
    Optional<Timings> total = generations.stream().map(Generation::timings).reduce(Timings::plus);
    recorder.ifPresent(StepRecorder::write);
    profile.lines().forEach(System.err::println); // asked for, also with --quiet
    total.ifPresent(timings -> print(SpeedLine.of(timings)));
  }

  /** Refuses what no model could make sense of, before any is loaded. */
  private SamplingParameters checkedOptions() {
    atLeast(0, "--max-new-tokens", maxNewTokens);
    atLeast(1, "--num-samples", numSamples);
    atLeast(0, "--logprobs", logprobs);
    if (logprobs > MOST_LOGPROBS) {
      throw usage("--logprobs: must be " + MOST_LOGPROBS + " or fewer, found " + logprobs);
    }
    if (logprobs > 0 && !json) {
      throw usage("--logprobs: needs --json, which has room for them");
    }
    device.check(this::usage);
    trace.check(spec.commandLine().getParseResult(), json, this::usage);
    if (stops.contains("")) {
      throw usage("--stop: the text must not be empty");
    }
    beams.check(spec.commandLine().getParseResult(), this::usage);
    return beams.wanted()
        ? sampling.forSearch(maxNewTokens, this::usage)
        : sampling.parameters(maxNewTokens, this::usage);
  }

  private void atLeast(int least, String option, int value) {
    if (value < least) {
      throw usage(option + ": must be " + least + " or more, found " + value);
    }
  }

  private ParameterException usage(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  private void note(String line) {
    print("gpt: " + line);
  }

  private void print(String line) {
    if (!common.quiet) {
      System.err.println(line);
    }
  }
}
