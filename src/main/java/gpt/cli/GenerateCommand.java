package gpt.cli;

import gpt.checkpoint.Checkpoint;
import gpt.cpu.CpuKernelsProvider;
import gpt.generate.Generation;
import gpt.generate.Generator;
import gpt.generate.OnFull;
import gpt.generate.Request;
import gpt.generate.Timings;
import gpt.model.Backend;
import gpt.model.GptConfig;
import gpt.model.GptException;
import gpt.sampling.SamplingParameters;
import gpt.tokenizer.Tokenizer;
import gpt.tokenizer.Tokenizers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Continues a prompt: what runs where no command is named. Defaults are nanoGPT's sample.py's. */
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
      "  gpt --prompt-file scene.txt --temperature 0        always the likeliest token",
      "  gpt --prompt \"To be\" --json --quiet                one JSON object a sample"
    })
final class GenerateCommand implements Callable<Integer> {
  /** More than the cores of any machine that this runs on: a slip, which would exhaust it. */
  private static final int MOST_THREADS = 1024;

  @Mixin private ModelOptions model;

  @Mixin private PromptOptions prompt;

  @Option(
      names = {"-n", "--max-new-tokens"},
      paramLabel = "N",
      defaultValue = "500",
      description = "Tokens to generate. Default: ${DEFAULT-VALUE}")
  private int maxNewTokens;

  @Option(
      names = {"-t", "--temperature"},
      paramLabel = "T",
      defaultValue = "0.8",
      description =
          "1 draws as the model says, less is safer, 0 is greedy. Default: ${DEFAULT-VALUE}")
  private double temperature;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      defaultValue = "200",
      description = "Draw from the K likeliest tokens only; 0 is off. Default: ${DEFAULT-VALUE}")
  private int topK;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "1337",
      description = "The same seed gives the same text. Default: ${DEFAULT-VALUE}, as sample.py's")
  private long seed;

  @Option(
      names = "--num-samples",
      paramLabel = "N",
      defaultValue = "1",
      description = "Texts to generate. Default: ${DEFAULT-VALUE}")
  private int numSamples;

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

  @Option(
      names = "--device",
      paramLabel = "cpu|reference",
      defaultValue = "cpu",
      completionCandidates = Choice.Devices.class,
      description =
          "Where to compute; reference is plain, slow and in double precision."
              + " Default: ${DEFAULT-VALUE}")
  private Device device;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads to compute with. Default: one for each core")
  private int threads = Math.min(MOST_THREADS, Runtime.getRuntime().availableProcessors());

  @Option(names = "--json", description = "Print one JSON object a sample, each on a line.")
  private boolean json;

  @Option(
      names = {"-q", "--quiet"},
      description = "No notes and no speed on standard error.")
  private boolean quiet;

  @Mixin private CommonOptions common;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    SamplingParameters sampling = checkedOptions();
    try (Loaded loaded = load(prompt.read())) {
      noteSlowKernels();
      generate(loaded, sampling);
    } catch (PromptOptions.InvalidException e) {
      throw usage(e.getMessage());
    } catch (UncheckedIOException e) {
      throw e.getCause(); // from the listener, which can throw no other
    }
    return CommandLine.ExitCode.OK;
  }

  /** A model ready to run, and the prompt's tokens; the checkpoint is closed again. */
  private record Loaded(
      Backend backend, Optional<Tokenizer> tokenizer, int[] promptIds, double seconds)
      implements AutoCloseable {
    @Override
    public void close() {
      backend.close();
    }
  }

  private Loaded load(PromptOptions.Prompt given) throws PromptOptions.InvalidException {
    long start = System.nanoTime();
    Path path = model.path();
    try (LoadProgress progress = new LoadProgress(!quiet && Terminal.isStandardError());
        Checkpoint checkpoint = Checkpoint.open(path, progress::read)) {
      GptConfig config = model.config(checkpoint);
      Optional<Tokenizer> tokenizer = tokenizer(checkpoint, config);
      int[] promptIds = given.encode(tokenizer, config.vocabSize());
      checkFit(promptIds, tokenizer, config);
      Backend backend = device.open(config, checkpoint.weights(), threads, progress);
      return new Loaded(backend, tokenizer, promptIds, (System.nanoTime() - start) / 1e9);
    }
  }

  /** What the generator would refuse too, but only after the weights are loaded. */
  private void checkFit(int[] promptIds, Optional<Tokenizer> tokenizer, GptConfig config) {
    if (tokenizer.isEmpty() && !stops.isEmpty()) {
      throw new GptException("--stop needs a tokenizer, and this model has none");
    }
    if (onFull == OnFull.STOP && promptIds.length > config.blockSize()) {
      throw new GptException(
          "the prompt has "
              + promptIds.length
              + " tokens, but the context holds "
              + config.blockSize()
              + "; shorten it, or take --on-full slide");
    }
  }

  private void generate(Loaded loaded, SamplingParameters sampling) throws IOException {
    Optional<Tokenizer> tokenizer = loaded.tokenizer();
    Request request =
        new Request(
            loaded.promptIds(),
            maxNewTokens,
            tokenizer.map(Tokenizer::endOfText).orElse(OptionalInt.empty()),
            stops,
            onFull,
            sampling,
            0,
            numSamples);
    Backend backend = loaded.backend();
    SamplePrinter printer =
        json
            ? new JsonPrinter(backend, seed, loaded.seconds())
            : new TextPrinter(tokenizer, request);
    Follower follower = new Follower(request, backend.config().blockSize(), printer, this::note);
    printer.begin();
    new Generator(backend, tokenizer)
        .generate(request, follower).stream()
            .map(Generation::timings)
            .reduce(Timings::plus)
            .ifPresent(total -> print(SpeedLine.of(total)));
  }

  /** Refuses what no model could make sense of, before any is loaded. */
  private SamplingParameters checkedOptions() {
    atLeast(0, "--max-new-tokens", maxNewTokens);
    atLeast(1, "--num-samples", numSamples);
    atLeast(1, "--threads", threads);
    if (threads > MOST_THREADS) {
      throw usage("--threads: must be " + MOST_THREADS + " or fewer, found " + threads);
    }
    if (stops.contains("")) {
      throw usage("--stop: the text must not be empty");
    }
    try {
      return new SamplingParameters(temperature, topK, seed);
    } catch (IllegalArgumentException e) {
      throw usage(e.getMessage());
    }
  }

  private void atLeast(int least, String option, int value) {
    if (value < least) {
      throw usage(option + ": must be " + least + " or more, found " + value);
    }
  }

  private ParameterException usage(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  static Optional<Tokenizer> tokenizer(Checkpoint checkpoint, GptConfig config) {
    try {
      return Tokenizers.forModel(checkpoint.characters(), config.vocabSize());
    } catch (IllegalArgumentException e) {
      throw new GptException(checkpoint.path() + ": " + e.getMessage(), e);
    }
  }

  private void noteSlowKernels() {
    String refusal = device == Device.CPU ? CpuKernelsProvider.refusal() : null;
    if (refusal != null) {
      note(
          "slower than it could be, without vector instructions: "
              + ChildJvm.refusal().orElse(refusal));
    }
  }

  private void note(String line) {
    print("gpt: " + line);
  }

  private void print(String line) {
    if (!quiet) {
      System.err.println(line);
    }
  }
}
