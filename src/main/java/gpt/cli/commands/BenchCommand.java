package gpt.cli.commands;

import gpt.GptException;
import gpt.bench.Bench;
import gpt.bench.BenchResult;
import gpt.bench.BenchTest;
import gpt.bench.Breakdown;
import gpt.bench.DraftBench;
import gpt.bench.PooledWeights;
import gpt.checkpoint.Checkpoint;
import gpt.cli.options.Choice;
import gpt.cli.options.CommonOptions;
import gpt.cli.options.DeviceOptions;
import gpt.cli.options.ModelOptions;
import gpt.cli.options.OptionGroup;
import gpt.cli.options.UsageException;
import gpt.cli.output.LoadBar;
import gpt.cli.output.ProgressBar;
import gpt.cli.output.Terminal;
import gpt.engine.Engine;
import gpt.generate.draft.Drafter;
import gpt.load.Bandwidth;
import gpt.load.Device;
import gpt.load.DeviceChoice;
import gpt.load.DraftChoice;
import gpt.load.HostMemory;
import gpt.load.LoadedModel;
import gpt.load.OpenedDevice;
import gpt.model.Approximations;
import gpt.model.GptConfig;
import gpt.model.Kernels;
import gpt.model.KvPrecision;
import gpt.model.ParameterCounts;
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
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

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

  @Mixin private BenchTests tests;

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

  @Override
  public Integer call() throws IOException {
    for (String option : List.of("--model", "--gelu")) {
      if (random != null && common.given(option)) {
        throw new UsageException("only one of --random and " + option + " can be given");
      }
    }
    List<DeviceChoice> places = places();
    List<BenchTest> asked = tests.all();
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
        checkpoint.notes().forEach(common::note);
        run(
            places,
            asked,
            new Subject(
                path.getFileName().toString(),
                path.toString(),
                model.config(checkpoint),
                checkpoint.weights(),
                tests.text(() -> LoadedModel.tokenizer(checkpoint, model.config(checkpoint)))),
            report);
      }
    } else {
      GptConfig config = PublishedShapes.byName().get(random);
      if (config == null) {
        throw new UsageException(
            "--random: expected %s, found '%s'"
                .formatted(String.join(", ", PublishedShapes.byName().keySet()), random));
      }
      try (PooledWeights weights = new PooledWeights(config, Bench.SEED)) {
        Subject subject =
            new Subject(
                random + " (random)",
                random,
                config,
                weights.weights(),
                tests.text(Optional::empty));
        run(places, asked, subject, report);
      }
    }
  }

  /**
   * The model to time.
   *
   * @param name its name in the table
   * @param file its name in the other formats
   * @param text ids of {@code --prompt-file}
   */
  record Subject(String name, String file, GptConfig config, Weights weights, int[] text) {}

  private List<DeviceChoice> places() {
    List<DeviceChoice> places = new ArrayList<>();
    for (Device device : devices) {
      for (Precision precision : precisions) {
        // Only the cpu uses --threads: another device gets one row.
        boolean host = device.kind() == Device.Kind.CPU || device.kind() == Device.Kind.AUTO;
        for (int count : host ? threads : threads.subList(0, 1)) {
          DeviceChoice place =
              DeviceOptions.choice(
                  device, precision, count, kernels, new Approximations(kv, fastPrefill), profile);
          DeviceOptions.check(place);
          places.add(place);
        }
      }
    }
    return places;
  }

  private void run(
      List<DeviceChoice> places, List<BenchTest> asked, Subject subject, BenchReport report)
      throws IOException {
    List<BenchTest> fitted = tests.fitted(asked, subject.config(), common);
    long parameters = ParameterCounts.of(subject.weights()).total();
    Set<String> notes = new HashSet<>(); // to print each only once
    int longest = fitted.stream().mapToInt(BenchTest::prompt).max().orElse(0);
    DeviceChoice.Use use =
        new DeviceChoice.Use(
            fitted.stream().mapToInt(BenchTest::sequences).max().orElse(1),
            false,
            0,
            Math.max(1, longest));
    for (DeviceChoice place : places) {
      OpenedDevice opened;
      try (LoadBar progress = new LoadBar(!common.quiet && Terminal.isStandardError())) {
        opened = place.open(subject.config(), subject.weights(), use, progress);
      }
      opened.notes().stream().filter(notes::add).forEach(common::note);
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
        for (BenchTest test : fitted) {
          if (test.sequences() > engine.capacity()) {
            throw new GptException(
                "%s: the device has memory for %d sequences at once; lower -npl"
                    .formatted(test.name(), engine.capacity()));
          }
          BenchResult result =
              timed(
                  test.name(), each -> bench.run(test, tests.repetitions(), tests.warmsUp(), each));
          report.add(result, profile ? breakdown(bench, test, opened) : null);
        }
        for (DraftChoice draft : tests.drafts()) {
          drafts(draft, place, opened.engine(), subject, fitted, report);
        }
      }
    }
  }

  private void drafts(
      DraftChoice draft,
      DeviceChoice place,
      Engine engine,
      Subject subject,
      List<BenchTest> fitted,
      BenchReport report)
      throws IOException {
    try (Drafter drafter =
        draft
            .open(engine, subject.weights(), place, name -> model.locate("--draft", name))
            .orElseThrow()) {
      DraftBench bench = new DraftBench(engine, drafter, tests.sampling(), subject.text());
      for (BenchTest test : fitted) {
        if (test.generated() > 0) {
          report.add(
              timed(
                  test.name() + " " + draft.word(),
                  each -> bench.run(test, tests.repetitions(), tests.warmsUp(), each)),
              draft.word());
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

  /** Runs a test with a progress bar; the runnable is to be called after each repetition. */
  private <T> T timed(String name, Function<Runnable, T> test) {
    int[] done = {0};
    try (ProgressBar bar = common.bar(name)) {
      return test.apply(() -> bar.timed((double) ++done[0] / tests.repetitions()));
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
