package gpt.cli.commands;

import gpt.GptException;
import gpt.batch.AnswerFile;
import gpt.batch.Answers;
import gpt.batch.Batch;
import gpt.batch.BatchInput;
import gpt.cli.options.CommonOptions;
import gpt.cli.options.DeviceOptions;
import gpt.cli.options.InputFile;
import gpt.cli.options.ModelOptions;
import gpt.cli.options.OptionGroup;
import gpt.cli.options.UsageException;
import gpt.cli.output.ProgressBar;
import gpt.cli.output.StandardOutput;
import gpt.cli.output.Terminal;
import gpt.generate.SchedulerListener;
import gpt.load.DeviceChoice;
import gpt.load.ModelLocator;
import gpt.server.api.ApiLimits;
import gpt.server.api.ServedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Answers a file of requests. */
@OptionGroup.In(OptionGroup.OUTPUT)
@Command(
    name = "batch",
    sortOptions = false,
    description = {
      "Answers a file of requests, as many as you like. A line is a request in the form of OpenAI's"
          + " batches for /v1/completions, or only its body, as {\"prompt\": \"ROMEO:\"}; the"
          + " answers have the form of OpenAI's batches too.",
      "",
      "If it is interrupted, the same command continues the file of answers: no line is lost or"
          + " answered twice. A wrong line is answered with an error, and the exit status is 1 if"
          + " there are any."
    },
    footer = {
      "",
      "Examples:",
      "  gpt batch prompts.jsonl --out completions.jsonl",
      "  gpt batch prompts.jsonl.gz --out completions.jsonl.gz --model gpt2 --dtype bf16",
      "  gpt batch - < prompts.jsonl | jq -r '.response.body.choices[0].text'"
    })
public final class BatchCommand implements Callable<Integer> {
  @Parameters(
      index = "0",
      paramLabel = "FILE",
      description =
          "File with a request on each line; compressed with gzip if its name ends in .gz; - reads"
              + " standard input.")
  private String file;

  @Option(
      names = {"-o", "--out"},
      paramLabel = "FILE",
      defaultValue = InputFile.STANDARD_INPUT,
      description =
          "File for the answers, which is continued if it exists; compressed if its name ends in"
              + " .gz. Default: standard output, which cannot be continued")
  private String out;

  @Option(
      names = "--unordered",
      description = "Write answers as they end, instead of in the order of the requests.")
  private boolean unordered;

  @Mixin private ModelOptions model;

  @OptionGroup.In(OptionGroup.MODEL)
  @Option(
      names = "--name",
      paramLabel = "NAME",
      description =
          "The model's name in requests and answers; a request for another one is an error."
              + " Default: that of its file or folder")
  private String name;

  @OptionGroup.In(OptionGroup.SAMPLING)
  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "1337",
      description =
          "A request without a seed gets one that is made of this and its custom_id, or its line's"
              + " number. Default: ${DEFAULT-VALUE}")
  private long seed;

  @OptionGroup.In(OptionGroup.DEVICE)
  @Option(
      names = "--parallel",
      paramLabel = "N",
      defaultValue = "32",
      description = "Completions to decode together, at most 64. Default: ${DEFAULT-VALUE}")
  private int parallel;

  @Mixin private DeviceOptions device;

  @Mixin private CommonOptions common;

  @Override
  public Integer call() throws IOException {
    device.check();
    if (parallel < 1 || parallel > Integer.MAX_VALUE / 2) {
      throw new UsageException("--parallel: must be 1 or more, found " + parallel);
    }
    if (common.given("--tornado-profile")) {
      throw new UsageException("--tornado-profile: gpt batch has no place for it; use gpt bench");
    }
    try (BatchInput input = input();
        Answers answers = answers()) {
      if (answers.count() > 0) {
        common.note(out + " has " + answers.count() + " answers; continuing");
      }
      try (ServedModel served = load()) {
        served.notes().forEach(common::note);
        Batch.Totals totals = run(served, input, answers);
        return totals.errors() == 0 ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
      }
    }
  }

  private BatchInput input() throws IOException {
    if (file.equals(InputFile.STANDARD_INPUT)) {
      InputFile.standardInput("requests", common.quiet);
      return BatchInput.standard();
    }
    return BatchInput.of(InputFile.of("request", file).path());
  }

  private Answers answers() throws IOException {
    if (out.equals(InputFile.STANDARD_INPUT)) {
      return StandardOutput::write;
    }
    Path path = ModelLocator.path(out);
    Path folder = path.toAbsolutePath().getParent();
    if (folder != null && !Files.isDirectory(folder)) {
      throw new GptException(path + ": there is no folder " + folder);
    }
    if (Files.exists(path) && !file.equals(InputFile.STANDARD_INPUT)) {
      if (Files.isSameFile(path, ModelLocator.path(file))) {
        throw new UsageException("--out: is the file of the requests; give another one");
      }
    }
    return AnswerFile.open(path);
  }

  private ServedModel load() {
    Path path = model.path(!common.quiet);
    DeviceChoice.Use use = new DeviceChoice.Use(parallel, false, ApiLimits.MAX_LOGPROBS, 1);
    return new ServedModel(
        name == null ? model.shortName() : name,
        () -> model.load(path, device, use, !common.quiet),
        parallel,
        loaded -> Optional.empty(),
        Optional.empty(),
        SchedulerListener.NONE);
  }

  private Batch.Totals run(ServedModel served, BatchInput input, Answers answers)
      throws IOException {
    long begin = System.nanoTime();
    boolean onTerminal =
        out.equals(InputFile.STANDARD_INPUT) && Terminal.isStandardOutput(); // a bar's line
    boolean bar = !common.quiet && !onTerminal && Terminal.isStandardError();
    Batch.Totals totals;
    try (ProgressBar progress = new ProgressBar("batch", bar)) {
      totals =
          Batch.run(
              served,
              parallel,
              seed,
              !unordered,
              input,
              answers,
              (fraction, now) ->
                  progress.timed(fraction, ", " + rate(now.tokens(), begin) + " tokens/s"));
    }
    common.print(
        totals.answers()
            + (totals.answers() == 1 ? " answer, " : " answers, ")
            + (totals.errors() == 0 ? "" : totals.errors() + " of them errors, ")
            + totals.tokens()
            + " new tokens, "
            + rate(totals.tokens(), begin)
            + " tokens/s");
    return totals;
  }

  private static String rate(long tokens, long begin) {
    double rate = tokens / ((System.nanoTime() - begin) / 1e9);
    return String.format(Locale.ROOT, rate < 100 ? "%.1f" : "%.0f", rate);
  }
}
