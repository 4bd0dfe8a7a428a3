package gpt.cli.commands;

import gpt.GptException;
import gpt.bench.Bench;
import gpt.bench.BenchResult;
import gpt.bench.BenchTest;
import gpt.bench.Breakdown;
import gpt.bench.PooledWeights;
import gpt.checkpoint.Checkpoint;
import gpt.cli.options.Choice;
import gpt.cli.options.CommonOptions;
import gpt.cli.options.DeviceOptions;
import gpt.cli.options.ModelOptions;
import gpt.cli.options.OptionGroup;
import gpt.cli.output.LoadBar;
import gpt.cli.output.ProgressBar;
import gpt.cli.output.Terminal;
import gpt.load.Bandwidth;
import gpt.load.Device;
import gpt.load.DeviceChoice;
import gpt.load.HostMemory;
import gpt.load.OpenedDevice;
import gpt.model.Approximations;
import gpt.model.GptConfig;
import gpt.model.Kernels;
import gpt.model.KvPrecision;
import gpt.model.Precision;
import gpt.model.PublishedShapes;
import gpt.model.Weights;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Times prompts and decoding of a model. */
@OptionGroup.In(OptionGroup.TESTS)
@Command(
    name = "bench",
    sortOptions = false,
    description = {
      "Times a model as llama.cpp's llama-bench does: prompt processing (pp) and text generation"
          + " (tg), each from an empty context. Compares them with the memory bandwidth, which"
          + " bounds decoding.",
      "",
      "Options take several values separated by commas; each combination gets a row. Times include"
          + " the argmax over the logits."
    },
    footer = {
      "",
      "Columns: t/s, tokens per second, mean ± standard deviation; ttft, time to first token;"
          + " MB/token, the fewest bytes that a decoded token must read (weights and KV cache);"
          + " GB/s, MB/token times t/s; share, GB/s relative to the memory bandwidth, which is"
          + " measured before each repetition.",
      "",
      "Examples:",
      "  gpt bench",
      "  gpt bench --random gpt2 --dtype f32,bf16,i8",
      "  gpt bench --random gpt2 -p 0 -npl 1,2,4,8,16,32    sequences decoded together",
      "  gpt bench --model gpt2 -p 128,512 -n 128 -r 10 -o json",
      "  gpt bench --random gpt2-xl --dtype f16 --device gpu"
    })
public final class BenchCommand implements Callable<Integer> {
  private static final int MAX_REPETITIONS = 10_000;

  /** A larger number is a typing error: the KV caches would fill the memory. */
  private static final int MAX_PARALLEL = 1024;

  /** How results are printed. */
  public enum Output {
    MD,
    CSV,
    JSON,
    JSONL
  }

  @Mixin private ModelOptions model;

  @OptionGroup.In(OptionGroup.MODEL)
  @Option(
      names = "--random",
      paramLabel = "SHAPE",
      completionCandidates = Shapes.class,
      description = "Random weights of a known shape instead of a model: ${COMPLETION-CANDIDATES}.")
  private String random;

  @Option(
      names = {"-p", "--n-prompt"},
      paramLabel = "N",
      split = ",",
      defaultValue = "512",
      description =
          "Prompt tokens; 0 skips this test. Default: ${DEFAULT-VALUE}, or the context length if"
              + " that is smaller")
  private List<Integer> prompts;

  @Option(
      names = {"-n", "--n-gen"},
      paramLabel = "N",
      split = ",",
      defaultValue = "128",
      description =
          "Tokens to generate; 0 skips this test. Default: ${DEFAULT-VALUE}, or the context length"
              + " if that is smaller")
  private List<Integer> generated;

  @Option(
      names = "-pg",
      paramLabel = "P,N",
      description =
          "One test of a prompt of P tokens and N tokens generated after it. Can be given several"
              + " times.")
  private List<String> both = new ArrayList<>();

  @Option(
      names = "-npl",
      paramLabel = "N",
      split = ",",
      defaultValue = "1",
      description =
          "Sequences to decode together (batch size); t/s is their total. Default:"
              + " ${DEFAULT-VALUE}")
  private List<Integer> parallel;

  @Option(
      names = {"-r", "--repetitions"},
      paramLabel = "N",
      defaultValue = "5",
      description = "Repetitions of each test. Default: ${DEFAULT-VALUE}")
  private int repetitions;

  @OptionGroup.In(OptionGroup.DEVICE)
  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      split = ",",
      defaultValue = "auto",
      completionCandidates = DeviceOptions.Words.class,
      description = "Where to compute, as for generate. Default: ${DEFAULT-VALUE}")
  private List<Device> devices;

  @OptionGroup.In(OptionGroup.DEVICE)
  @Option(
      names = "--dtype",
      paramLabel = "f32|bf16|f16|i8|q4|stored",
      split = ",",
      defaultValue = "f32",
      completionCandidates = Choice.Precisions.class,
      description = "Precision of the weight matrices in memory. Default: ${DEFAULT-VALUE}")
  private List<Precision> precisions;

  @OptionGroup.In(OptionGroup.DEVICE)
  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      split = ",",
      description = "Threads to use on the cpu. Default: one per core")
  private List<Integer> threads = List.of(DeviceChoice.defaultThreads());

  @OptionGroup.In(OptionGroup.OUTPUT)
  @Option(
      names = {"-o", "--output"},
      paramLabel = "md|csv|json|jsonl",
      defaultValue = "md",
      completionCandidates = Outputs.class,
      description =
          "Output format: a Markdown table, or CSV, JSON or JSON lines with llama-bench's field"
              + " names and each repetition's time. Default: ${DEFAULT-VALUE}")
  private Output output;

  @Option(
      names = "--no-warmup",
      description =
          "Skip the warm-up, which runs each test for at least 2 s until Java has compiled the"
              + " code.")
  private boolean cold;

  @OptionGroup.In(OptionGroup.DEVICE)
  @Option(
      names = "--kernels",
      paramLabel = "auto|gpu|cpu",
      defaultValue = "auto",
      completionCandidates = Choice.KernelsWords.class,
      description =
          "Which versions of the kernels TornadoVM devices run: auto is those for their type."
              + " Default: ${DEFAULT-VALUE}")
  private Kernels kernels;

  @OptionGroup.In(OptionGroup.DEVICE)
  @Option(
      names = "--kv-dtype",
      paramLabel = "f32|f16",
      defaultValue = "f32",
      completionCandidates = Choice.KvPrecisions.class,
      description =
          "Precision of the keys and values on TornadoVM devices. Default: ${DEFAULT-VALUE}")
  private KvPrecision kv;

  @OptionGroup.In(OptionGroup.DEVICE)
  @Option(
      names = "--fast-prefill",
      description = "Compute prompts on the tensor cores of cuda devices, from halves.")
  private boolean fastPrefill;

  @OptionGroup.In(OptionGroup.DEVICE)
  @Option(
      names = "--tornado-profile",
      description =
          "Print how a token's time on a TornadoVM device is divided between kernels, copies and"
              + " the gaps between launches. The profiler slows everything a little.")
  private boolean profile;

  @Mixin private CommonOptions common;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    for (String option : List.of("--model", "--gelu")) {
      if (random != null && isGiven(option)) {
        throw usage("only one of --random and " + option + " can be given");
      }
    }
    List<DeviceChoice> places = places();
    List<BenchTest> asked = tests();
    try (BenchReport report = new BenchReport(output)) {
      run(places, asked, report);
    }
    return CommandLine.ExitCode.OK;
  }

  private void run(List<DeviceChoice> places, List<BenchTest> asked, BenchReport report)
      throws IOException {
    if (random == null) {
      Path path = model.path(!common.quiet);
      try (Checkpoint checkpoint = Checkpoint.open(path)) {
        checkpoint.notes().forEach(line -> note("gpt: " + line));
        run(
            places,
            asked,
            new Subject(
                path.getFileName().toString(),
                path.toString(),
                model.config(checkpoint),
                checkpoint.weights()),
            report);
      }
    } else {
      GptConfig config = PublishedShapes.byName().get(random);
      if (config == null) {
        throw usage(
            "--random: expected "
                + String.join(", ", PublishedShapes.byName().keySet())
                + ", found '"
                + random
                + "'");
      }
      try (PooledWeights weights = new PooledWeights(config, Bench.SEED)) {
        Subject subject = new Subject(random + " (random)", random, config, weights.weights());
        run(places, asked, subject, report);
      }
    }
  }

  /**
   * The model to time.
   *
   * @param name its name in the table
   * @param file its name in the other formats
   */
  record Subject(String name, String file, GptConfig config, Weights weights) {}

  private List<DeviceChoice> places() {
    if (repetitions < 1 || repetitions > MAX_REPETITIONS) {
      throw usage("--repetitions: must be from 1 to " + MAX_REPETITIONS + ", found " + repetitions);
    }
    List<DeviceChoice> places = new ArrayList<>();
    for (Device device : devices) {
      for (Precision precision : precisions) {
        // Only the cpu uses --threads: another device gets one row.
        boolean host = device.kind() == Device.Kind.CPU || device.kind() == Device.Kind.AUTO;
        for (int count : host ? threads : threads.subList(0, 1)) {
          DeviceChoice place =
              DeviceOptions.choice(
                  device, precision, count, kernels, new Approximations(kv, fastPrefill), profile);
          DeviceOptions.check(place, this::usage);
          places.add(place);
        }
      }
    }
    return places;
  }

  private List<BenchTest> tests() {
    List<BenchTest> tests = new ArrayList<>();
    for (int count : prompts) {
      add(tests, "--n-prompt", count, 0);
    }
    for (int sequences : parallel) {
      if (sequences < 1 || sequences > MAX_PARALLEL) {
        throw usage("-npl: must be from 1 to " + MAX_PARALLEL + ", found " + sequences);
      }
    }
    for (int count : generated) {
      add(tests, "--n-gen", 0, count);
    }
    for (String pair : both) {
      String[] parts = pair.split(",", -1);
      try {
        if (parts.length != 2) {
          throw new NumberFormatException();
        }
        int prompt = Integer.parseInt(parts[0].strip());
        int count = Integer.parseInt(parts[1].strip());
        if (prompt < 1 || count < 1) {
          throw new NumberFormatException();
        }
        addParallel(tests, prompt, count);
      } catch (NumberFormatException e) {
        throw usage("-pg: expected two numbers as in 512,128, found '" + pair + "'");
      }
    }
    if (tests.isEmpty()) {
      throw usage("nothing to time: --n-prompt and --n-gen are both 0");
    }
    return tests;
  }

  private void add(List<BenchTest> tests, String option, int prompt, int count) {
    if (prompt + count < 0) {
      throw usage(option + ": must be 0 or more, found " + (prompt + count));
    }
    if (count > 0) {
      addParallel(tests, prompt, count);
    } else if (prompt > 0) {
      tests.add(new BenchTest(prompt, 0));
    }
  }

  private void addParallel(List<BenchTest> tests, int prompt, int count) {
    parallel.forEach(sequences -> tests.add(new BenchTest(prompt, count, sequences)));
  }

  /** Shortens default tests to the context; refuses longer ones that the user asked for. */
  private List<BenchTest> fitted(List<BenchTest> tests, GptConfig config) {
    int contextLength = config.blockSize();
    List<BenchTest> fitted = new ArrayList<>();
    for (BenchTest test : tests) {
      boolean asked =
          test.prompt() > 0 && test.generated() > 0
              || isGiven(test.prompt() > 0 ? "--n-prompt" : "--n-gen");
      long tokens = (long) test.prompt() + test.generated(); // the sum of -pg may overflow an int
      if (tokens > contextLength && asked) {
        throw usage(
            "%s: %d tokens are more than the model's context of %d"
                .formatted(test.name(), tokens, contextLength));
      }
      fitted.add(
          new BenchTest(
              Math.min(contextLength, test.prompt()),
              Math.min(contextLength, test.generated()),
              test.sequences()));
    }
    return fitted;
  }

  private boolean isGiven(String option) {
    return spec.commandLine().getParseResult().hasMatchedOption(option);
  }

  private void run(
      List<DeviceChoice> places, List<BenchTest> asked, Subject subject, BenchReport report)
      throws IOException {
    List<BenchTest> tests = fitted(asked, subject.config());
    long parameters = ParameterCounts.of(subject.weights()).total();
    Set<String> notes = new HashSet<>(); // to print each only once
    int longest = tests.stream().mapToInt(BenchTest::prompt).max().orElse(0);
    DeviceChoice.Use use =
        new DeviceChoice.Use(
            tests.stream().mapToInt(BenchTest::sequences).max().orElse(1),
            false,
            0,
            Math.max(1, longest));
    for (DeviceChoice place : places) {
      OpenedDevice opened;
      try (LoadBar progress = new LoadBar(!common.quiet && Terminal.isStandardError())) {
        opened = place.open(subject.config(), subject.weights(), use, progress);
      }
      opened.notes().stream().filter(notes::add).forEach(line -> note("gpt: " + line));
      try (var engine = opened.engine();
          Bandwidth probe = probe(opened)) {
        report.begin(
            new BenchReport.Place(
                subject,
                parameters,
                HostMemory.weights(subject.weights(), place.precision()),
                engine.device(),
                opened.name().get(),
                engine.device().equals("cpu") ? Optional.of(place.threads()) : Optional.empty(),
                place.precision(),
                probe == null ? "none" : probe.description()));
        Bench bench =
            new Bench(
                engine,
                Bench.weightBytes(subject.weights(), place.precision()),
                probe == null ? () -> Double.NaN : probe::measure);
        for (BenchTest test : tests) {
          if (test.sequences() > engine.capacity()) {
            throw new GptException(
                "%s: the device has memory for %d sequences at once; lower -npl"
                    .formatted(test.name(), engine.capacity()));
          }
          BenchResult result = measure(bench, test);
          report.add(result, profile ? breakdown(bench, test, opened) : null);
        }
      }
    }
  }

  private static Breakdown breakdown(Bench bench, BenchTest test, OpenedDevice opened) {
    opened.profile(); // discards the totals so far
    long nanos = bench.once(test);
    return opened
        .profile()
        .map(
            totals ->
                new Breakdown(
                    nanos, totals.kernelNanos(), totals.transferNanos(), totals.launches()))
        .orElse(null);
  }

  private static Bandwidth probe(OpenedDevice opened) {
    return opened.bandwidth() == null ? null : opened.bandwidth().get();
  }

  private BenchResult measure(Bench bench, BenchTest test) {
    int[] done = {0};
    try (ProgressBar bar =
        new ProgressBar(test.name(), !common.quiet && Terminal.isStandardError())) {
      return bench.run(test, repetitions, !cold, () -> bar.timed((double) ++done[0] / repetitions));
    }
  }

  private ParameterException usage(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  private void note(String line) {
    if (!common.quiet) {
      System.err.println(line);
    }
  }

  /** The words of {@code --random}. */
  static final class Shapes implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return PublishedShapes.byName().keySet().iterator();
    }
  }

  /** The words of {@code --output}. */
  static final class Outputs implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Choice.words(Output.class).iterator();
    }
  }
}
