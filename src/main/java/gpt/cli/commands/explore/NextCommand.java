package gpt.cli.commands.explore;

import gpt.cli.options.CommonOptions;
import gpt.cli.options.DeviceOptions;
import gpt.cli.options.ModelOptions;
import gpt.cli.options.OptionGroup;
import gpt.cli.options.PlotOptions;
import gpt.cli.options.PromptOptions;
import gpt.cli.options.SamplingOptions;
import gpt.cli.options.UsageException;
import gpt.cli.output.Follower;
import gpt.cli.output.NextPrinter;
import gpt.cli.output.StandardOutput;
import gpt.cli.output.StepRecorder;
import gpt.cli.output.StepTable;
import gpt.explore.plot.PlotFile;
import gpt.generate.Generator;
import gpt.load.DeviceChoice;
import gpt.load.LoadedModel;
import gpt.sampling.ChainStep;
import gpt.sampling.ChainTrace;
import gpt.sampling.History;
import gpt.sampling.HostSampler;
import gpt.sampling.SamplingParameters;
import gpt.tokenizer.Vocabulary;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows the candidates for the next token with their probabilities. */
@OptionGroup.In(OptionGroup.OUTPUT)
@Command(
    name = "next",
    sortOptions = false,
    description =
        "Shows the candidates for the next token: their logits, the model's probabilities, and the"
            + " probabilities after each enabled step of the sampling chain.",
    footer = {
      "",
      "Examples:",
      "  gpt next --prompt \"The sky is\"",
      "  gpt next --prompt \"The sky is\" --temperatures 0.1,1,10",
      "  gpt next --prompt \"ROMEO:\" --top-k 5 --top-p 0.9    what each filter removes",
      "  gpt next --prompt \"ROMEO:\" --top 0 --json           the whole vocabulary",
      "  gpt next --prompt \"ROMEO:\" --plot next.html         a page with sliders"
    })
public final class NextCommand implements Callable<Integer> {
  @Mixin private ModelOptions model;

  @Mixin private PromptOptions prompt;

  @Option(
      names = "--top",
      paramLabel = "N",
      defaultValue = "10",
      description = "Candidates to show; 0 shows the whole vocabulary. Default: ${DEFAULT-VALUE}")
  private int top;

  @OptionGroup.In(OptionGroup.SAMPLING)
  @Option(
      names = "--temperatures",
      paramLabel = "T,T,...",
      description = "Show the probabilities at these temperatures side by side.")
  private String temperatures;

  @Mixin private SamplingOptions sampling;

  @Mixin private DeviceOptions device;

  @Mixin private PlotOptions plot;

  @Option(names = "--csv", description = "Print comma-separated values.")
  private boolean csv;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Mixin private CommonOptions common;

  @Override
  public Integer call() throws IOException {
    if (top < 0) {
      throw new UsageException("--top: must be 0 (all) or more, found " + top);
    }
    if (csv && json) {
      throw new UsageException("only one of --csv and --json can be given");
    }
    device.check();
    SamplingParameters parameters = sampling.parameters(Integer.MAX_VALUE);
    List<SamplingParameters> several = several(parameters);
    Optional<PlotFile> file = plot.checked();
    PromptOptions.Prompt given = prompt.read(common.quiet);
    try (LoadedModel loaded =
        model.load(
            device,
            DeviceChoice.Use.LOGITS,
            (tokenizer, config) -> {
              SamplingOptions.checkIds(parameters, config.vocabSize());
              return given.encode(tokenizer, config);
            },
            common)) {
      show(loaded, parameters, several, file);
    }
    return CommandLine.ExitCode.OK;
  }

  private void show(
      LoadedModel loaded,
      SamplingParameters parameters,
      List<SamplingParameters> several,
      Optional<PlotFile> file)
      throws IOException {
    ChainTrace trace = trace(loaded, parameters);
    List<ChainTrace> compared = several.stream().map(each -> again(loaded, trace, each)).toList();
    Vocabulary vocabulary = new Vocabulary(loaded.tokenizer());
    int[] ids = trace.likeliest(top == 0 ? trace.logits().length : top);
    NextPrinter printer = new NextPrinter(trace, ids, columns(trace, compared), vocabulary);
    if (json) {
      StandardOutput.write(printer.json(loaded, compared.isEmpty()));
    } else if (csv) {
      printer.csv();
    } else {
      StandardOutput.write(printer.text(compared.isEmpty()));
    }
    if (file.isPresent()) {
      StepRecorder recorder =
          new StepRecorder(file.get(), parameters, vocabulary, loaded.ids(), top, common::note);
      if (compared.isEmpty()) {
        recorder.add(0, trace);
      }
      compared.forEach(
          each -> recorder.addNext(ChainStep.TEMPERATURE.setting(each.parameters()), each));
      recorder.write(loaded.engine());
    }
  }

  /** JSON and CSV have a column for each step that is on; the table leaves unchanged ones out. */
  private List<StepTable.Column> columns(ChainTrace trace, List<ChainTrace> compared) {
    if (!compared.isEmpty()) {
      return StepTable.sideBySide(trace, compared);
    }
    return json || csv ? StepTable.columns(trace) : StepTable.changes(trace);
  }

  /** The first step that generate would make with the same options. */
  private ChainTrace trace(LoadedModel loaded, SamplingParameters parameters) {
    return new Generator(loaded.engine(), loaded.tokenizer())
        .firstTrace(
            loaded.ids(),
            loaded.endIds(),
            parameters,
            (given, kept) -> common.note(Follower.cropped(given, kept)));
  }

  /** The same step with other parameters, on the same logits. */
  private static ChainTrace again(
      LoadedModel loaded, ChainTrace first, SamplingParameters parameters) {
    int vocabSize = first.logits().length;
    History history = new History(vocabSize);
    history.start(loaded.ids());
    return new HostSampler(parameters, vocabSize, loaded.endIds())
        .trace(first.logits(), history, 0, 0);
  }

  private List<SamplingParameters> several(SamplingParameters parameters) {
    List<SamplingParameters> several = new ArrayList<>();
    if (temperatures == null) {
      return several;
    }
    if (sampling.hasTemperature()) {
      throw new UsageException("--temperatures: cannot be combined with --temperature or --greedy");
    }
    for (String part : temperatures.split(",", -1)) {
      try {
        several.add(parameters.withTemperature(Double.parseDouble(part)));
      } catch (NumberFormatException e) {
        throw new UsageException(
            "--temperatures: expected numbers separated by commas, as 0.1,1,10, found '"
                + part
                + "'");
      } catch (IllegalArgumentException e) {
        throw new UsageException("--temperatures: " + e.getMessage());
      }
    }
    if (several.size() > 6) {
      throw new UsageException(
          "--temperatures: at most 6 fit side by side, found " + several.size());
    }
    return several;
  }
}
