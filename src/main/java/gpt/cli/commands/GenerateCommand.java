package gpt.cli.commands;

import gpt.GptException;
import gpt.OnFull;
import gpt.Timings;
import gpt.cli.options.BeamOptions;
import gpt.cli.options.Choice;
import gpt.cli.options.CommonOptions;
import gpt.cli.options.DeviceOptions;
import gpt.cli.options.DraftOption;
import gpt.cli.options.ModelOptions;
import gpt.cli.options.Numbers;
import gpt.cli.options.OptionGroup;
import gpt.cli.options.PromptOptions;
import gpt.cli.options.SamplingOptions;
import gpt.cli.options.StopOption;
import gpt.cli.options.TraceOptions;
import gpt.cli.options.UsageException;
import gpt.cli.output.CompletionPrinter;
import gpt.cli.output.Follower;
import gpt.cli.output.JsonPrinter;
import gpt.cli.output.ProfileTable;
import gpt.cli.output.SpeedLine;
import gpt.cli.output.StepRecorder;
import gpt.cli.output.TextPrinter;
import gpt.cli.output.TracePrinter;
import gpt.engine.Engine;
import gpt.generate.FinishedCompletion;
import gpt.generate.Generator;
import gpt.generate.Request;
import gpt.generate.draft.Drafter;
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
import picocli.CommandLine.Option;

/** Continues a prompt; the default command. Defaults are those of nanoGPT's sample.py. */
@OptionGroup.In(OptionGroup.LENGTH)
@Command(
    name = "generate",
    sortOptions = false,
    description = "Continues a prompt. This is the default command: its name can be left out.",
    footer = {
      "",
      "Examples:",
      "  gpt --prompt \"ROMEO:\" --max-new-tokens 200",
      "  gpt --model out-shakespeare --num-samples 3 --temperature 1",
      "  gpt --prompt \"JULIET:\" --stop \"ROMEO:\"             ends before ROMEO speaks",
      "  gpt --prompt-file scene.txt --greedy               always the most likely token",
      "  gpt --top-k 0 --top-p 0.9 --repetition-penalty 1.1 nucleus sampling",
      "  gpt --beams 4 --num-return 2 -n 60                 beam search, the best two",
      "  gpt --prompt \"To be\" --json --quiet                one JSON object per completion",
      "  gpt --prompt \"To be\" -n 20 --trace                 how each token is sampled",
      "  gpt --prompt \"To be\" -n 20 --plot steps.html       the same as a page with sliders"
    })
public final class GenerateCommand implements Callable<Integer> {
  /** Enough for any use; the whole vocabulary would be a megabyte of JSON for a token. */
  private static final int MAX_LOGPROBS = 1000;

  @Mixin private ModelOptions model;

  @Mixin private PromptOptions prompt;

  @Option(
      names = {"-n", "--max-new-tokens"},
      paramLabel = "N",
      defaultValue = "500",
      description = "Maximum number of tokens to generate. Default: ${DEFAULT-VALUE}")
  private int maxNewTokens;

  @Mixin private SamplingOptions sampling;

  @Option(
      names = "--num-samples",
      paramLabel = "N",
      defaultValue = "1",
      description = "Completions to generate. Default: ${DEFAULT-VALUE}")
  private int numSamples;

  @Mixin private BeamOptions beams;

  @Mixin private StopOption stop;

  @Option(
      names = "--on-full",
      paramLabel = "slide|shift|stop",
      defaultValue = "slide",
      completionCandidates = Choice.OnFulls.class,
      description =
          "When the context is full: slide drops its first token and recomputes the rest for every"
              + " new token, which is slow; shift drops half of it at once (see --shift) and"
              + " recomputes once; stop ends the completion. Default: ${DEFAULT-VALUE}")
  private OnFull onFull;

  @Option(
      names = "--shift",
      paramLabel = "N",
      description = "With --on-full shift: tokens to drop at once. Default: half of the context")
  private Integer shift;

  @Mixin private DeviceOptions device;

  @Mixin private DraftOption draft;

  @OptionGroup.In(OptionGroup.OUTPUT)
  @Option(names = "--json", description = "Print each completion as a JSON object on one line.")
  private boolean json;

  @OptionGroup.In(OptionGroup.OUTPUT)
  @Option(
      names = "--logprobs",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "With --json: add each token's log-probability (without temperature, penalties and"
              + " filters) and those of the N most likely tokens. Default: off")
  private int logprobs;

  @Mixin private TraceOptions trace;

  @Mixin private CommonOptions common;

  @Override
  public Integer call() throws IOException {
    SamplingParameters parameters = checkedOptions();
    try (LoadedModel loaded = load(prompt.read(common.quiet), parameters);
        Drafter drafter = draft.open(model, device, loaded).orElse(null)) {
      generate(loaded, parameters, Optional.ofNullable(drafter));
    } catch (UncheckedIOException e) {
      throw e.getCause(); // a listener can only throw it wrapped
    }
    return CommandLine.ExitCode.OK;
  }

  private LoadedModel load(PromptOptions.Prompt given, SamplingParameters parameters) {
    int sequences = beams.wanted() ? beams.beams().beams() : numSamples;
    DeviceChoice.Use use =
        trace.wanted()
            ? DeviceChoice.Use.LOGITS
            : new DeviceChoice.Use(sequences, beams.wanted(), logprobs, 1);
    LoadedModel.Ids ids =
        (tokenizer, config) -> {
          int[] promptIds = given.encode(tokenizer, config);
          checkFit(promptIds, tokenizer, config);
          SamplingOptions.checkIds(parameters, config.vocabSize());
          return promptIds;
        };
    return model.load(device, use, ids, common);
  }

  /** Refuses early what the generator would refuse after the weights are loaded. */
  private void checkFit(int[] promptIds, Optional<Tokenizer> tokenizer, GptConfig config) {
    stop.check(tokenizer);
    if ((onFull == OnFull.STOP || beams.wanted()) && promptIds.length > config.blockSize()) {
      throw new GptException(
          "the prompt has %s tokens, but the context holds %s%s"
              .formatted(
                  promptIds.length,
                  config.blockSize(),
                  beams.wanted()
                      ? "; shorten it, or remove --beams"
                      : "; shorten it, or use --on-full slide or shift"));
    }
  }

  private void generate(
      LoadedModel loaded, SamplingParameters parameters, Optional<Drafter> drafter)
      throws IOException {
    Optional<Tokenizer> tokenizer = loaded.tokenizer();
    Request request =
        new Request(
            loaded.ids(),
            new Request.Length(
                maxNewTokens,
                loaded.endIds(),
                stop.stops(),
                beams.wanted() ? OnFull.STOP : onFull,
                shift == null ? 0 : shift),
            parameters,
            0,
            beams.wanted() ? beams.numReturn() : numSamples,
            logprobs,
            trace.wanted());
    Engine engine = loaded.engine();
    Vocabulary vocabulary = new Vocabulary(tokenizer);
    CompletionPrinter printer;
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
                        file, parameters, vocabulary, loaded.ids(), trace.top(), common::note));
    ProfileTable profile = new ProfileTable(loaded.opened()::profile);
    Follower follower =
        new Follower(
            request, engine.config().blockSize(), printer, profile, recorder, common::note);
    if (!common.given("--max-new-tokens")) {
      follower.noteDefaultSlides();
    }
    printer.begin();
    Generator generator = new Generator(engine, tokenizer, drafter);
    List<FinishedCompletion> completions =
        beams.wanted()
            ? generator.search(request, beams.beams(), follower)
            : generator.generate(request, follower);
    Optional<Timings> total =
        completions.stream().map(FinishedCompletion::timings).reduce(Timings::plus);
    recorder.ifPresent(steps -> steps.write(engine));
    profile.lines().forEach(System.err::println); // printed with --quiet too: it was asked for
    total.ifPresent(timings -> common.print(SpeedLine.of(timings, drafter)));
  }

  /** Refuses wrong options before the model is loaded. */
  private SamplingParameters checkedOptions() {
    Numbers.atLeast(0, "--max-new-tokens", maxNewTokens);
    Numbers.atLeast(1, "--num-samples", numSamples);
    Numbers.atLeast(0, "--logprobs", logprobs);
    if (logprobs > MAX_LOGPROBS) {
      throw new UsageException(
          "--logprobs: must be " + MAX_LOGPROBS + " or fewer, found " + logprobs);
    }
    if (logprobs > 0 && !json) {
      throw new UsageException("--logprobs: needs --json");
    }
    if (shift != null) {
      Numbers.atLeast(1, "--shift", shift);
      if (onFull != OnFull.SHIFT) {
        throw new UsageException("--shift: needs --on-full shift");
      }
    }
    device.check();
    trace.check(common, json);
    stop.check();
    beams.check(common);
    return beams.wanted() ? sampling.forSearch(maxNewTokens) : sampling.parameters(maxNewTokens);
  }
}
