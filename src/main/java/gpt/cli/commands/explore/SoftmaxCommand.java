package gpt.cli.commands.explore;

import gpt.cli.options.CommonOptions;
import gpt.cli.options.NumberList;
import gpt.cli.options.OptionGroup;
import gpt.cli.options.PlotOptions;
import gpt.cli.options.UsageException;
import gpt.cli.output.StandardOutput;
import gpt.cli.output.explore.SoftmaxPrinter;
import gpt.explore.ExactSoftmax;
import gpt.explore.plot.PlotFile;
import gpt.explore.plot.StepsPage;
import gpt.sampling.SamplingParameters;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** Shows the softmax of the user's own logits. Reads no model. */
@OptionGroup.In(OptionGroup.SAMPLING)
@Command(
    name = "softmax",
    sortOptions = false,
    customSynopsis = "gpt softmax [OPTIONS] LOGITS",
    description = {
      "Shows the softmax of your own logits: each logit divided by the temperature, and its"
          + " probability, in double precision. Needs no model.",
      "Filters remove tokens as in generate, in the order top-k, top-p, min-p, and the rest is"
          + " renormalized."
    },
    footer = {
      "",
      "Examples:",
      "  gpt softmax 6,2,7,0.1,-8,9 --temperatures 0.1,1,10",
      "  gpt softmax 2.0,1.0,0.1,-1.0 --words Apple,Banana,Cat,Dog --plot bars.svg",
      "  gpt softmax 0.35,0.25,0.17 --probabilities --temperature 0.5",
      "  gpt softmax 6,2,7,0.1,-8,9 --top-k 3 --top-p 0.9 --plot sliders.html"
    })
public final class SoftmaxCommand implements Callable<Integer> {
  private static final String LOGITS = "LOGITS";

  /** A larger logit is most likely a mistake, and its float is near the largest one. */
  private static final double MAX_LOGIT = 1e30;

  private static final int MAX_LOGITS = 1000;
  private static final int MAX_TEMPERATURES = 20;

  // Options that the parser does not know are positional here, since -8,9 looks like one.
  @Parameters(
      arity = "0..*",
      paramLabel = LOGITS,
      description = "Numbers separated by commas, as 6,2,7,0.1,-8,9; -inf is a masked token.")
  private List<String> given = List.of();

  @Option(
      names = "--probabilities",
      description =
          "The numbers are probabilities: their natural logarithms are the logits. They need not"
              + " add up to 1.")
  private boolean probabilities;

  @Option(
      names = "--words",
      paramLabel = "WORD,WORD,...",
      description = "A word for each number, to show beside it.")
  private String words;

  @Option(
      names = {"-t", "--temperature"},
      paramLabel = "T",
      description = "Divide the logits by T, which must be above 0. Default: 1")
  private Double temperature;

  @Option(
      names = "--temperatures",
      paramLabel = "T,T,...",
      description = "Show the probabilities at each of these temperatures.")
  private String temperatures;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      defaultValue = "0",
      description = "Keep the K most likely tokens; 0 is off. Default: ${DEFAULT-VALUE}")
  private int topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      defaultValue = "1",
      description =
          "Keep the smallest set of most likely tokens whose probabilities add up to P; 1 is off."
              + " Default: ${DEFAULT-VALUE}")
  private double topP;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      defaultValue = "0",
      description =
          "Keep tokens with at least P times the probability of the most likely one; 0 is off."
              + " Default: ${DEFAULT-VALUE}")
  private double minP;

  @Mixin private PlotOptions plot;

  @OptionGroup.In(OptionGroup.OUTPUT)
  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Mixin private CommonOptions common;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    double[] logits = logits();
    List<String> labels = labels(logits.length);
    List<ExactSoftmax> each =
        parameters().stream().map(parameters -> ExactSoftmax.of(logits, parameters)).toList();
    Optional<PlotFile> file = plot.checked();
    SoftmaxPrinter printer = new SoftmaxPrinter(logits, labels, each);
    StandardOutput.write(json ? printer.json() : printer.text());
    each.forEach(softmax -> noteUnderflows(softmax, printer));
    if (file.isPresent()) {
      draw(file.get(), logits, printer);
    }
    return CommandLine.ExitCode.OK;
  }

  private double[] logits() {
    for (String part : given) {
      if (part.matches("--?[A-Za-z].*") && !part.startsWith("-inf")) {
        throw new UnmatchedArgumentException(spec.commandLine(), List.of(part));
      }
    }
    if (given.isEmpty()) {
      throw new UsageException("give the logits, as 6,2,7,0.1,-8,9");
    }
    double[] numbers = NumberList.parse(LOGITS, String.join(" ", given));
    if (numbers.length > MAX_LOGITS) {
      throw new UsageException(
          LOGITS + ": at most " + MAX_LOGITS + " numbers, found " + numbers.length);
    }
    for (double number : numbers) {
      if (probabilities && !(number >= 0 && number <= 1)) {
        throw new UsageException("--probabilities: must be from 0 to 1, found " + text(number));
      }
      if (!probabilities && !(number <= MAX_LOGIT && (number >= -MAX_LOGIT || isMask(number)))) {
        throw new UsageException(
            LOGITS + ": must be from -1e30 to 1e30, or -inf, found " + text(number));
      }
    }
    if (!probabilities) {
      return checked(numbers);
    }
    double sum = Arrays.stream(numbers).sum();
    if (Math.abs(sum - 1) > 1e-6) {
      common.note("the probabilities add up to " + text(rounded(sum)) + "; softmax makes that 1");
    }
    return checked(Arrays.stream(numbers).map(Math::log).toArray());
  }

  private static boolean isMask(double number) {
    return number == Double.NEGATIVE_INFINITY;
  }

  private double[] checked(double[] logits) {
    if (Arrays.stream(logits).allMatch(SoftmaxCommand::isMask)) {
      throw new UsageException(
          probabilities
              ? "--probabilities: one at least must be above 0"
              : LOGITS + ": one at least must be more than -inf");
    }
    return logits;
  }

  private static double rounded(double sum) {
    return Math.round(sum * 1e6) / 1e6;
  }

  private static String text(double number) {
    return String.valueOf(number).replaceAll("\\.0$", "");
  }

  private List<String> labels(int count) {
    if (words == null) {
      return List.of();
    }
    List<String> labels = List.of(words.split(",", -1));
    if (labels.size() != count) {
      throw new UsageException(
          "--words: expected a word for each of the " + count + " numbers, found " + labels.size());
    }
    return labels;
  }

  private List<SamplingParameters> parameters() {
    if (temperature != null && temperatures != null) {
      throw new UsageException("only one of --temperature and --temperatures can be given");
    }
    String option = temperatures == null ? "--temperature" : "--temperatures";
    double[] all =
        temperatures == null
            ? new double[] {temperature == null ? 1 : temperature}
            : NumberList.parse(option, temperatures);
    if (all.length > MAX_TEMPERATURES) {
      throw new UsageException(option + ": at most " + MAX_TEMPERATURES + ", found " + all.length);
    }
    List<SamplingParameters> parameters = new ArrayList<>();
    for (double each : all) {
      if (each == 0) {
        throw new UsageException(
            option + ": must be above 0; at 0 the largest logit is taken and there is no softmax");
      }
      try {
        parameters.add(
            SamplingParameters.builder()
                .temperature(each)
                .topK(topK)
                .topP(topP)
                .minP(minP)
                .build());
      } catch (IllegalArgumentException e) {
        throw new UsageException(e.getMessage());
      }
    }
    return parameters;
  }

  private void noteUnderflows(ExactSoftmax softmax, SoftmaxPrinter printer) {
    if (!softmax.underflows().isEmpty()) {
      common.note(
          ("at temperature %s generate never draws %s: its weights are integers, 0 below"
                  + " 2^-44 (6e-14) of the largest")
              .formatted(
                  text(softmax.parameters().temperature()),
                  softmax.underflows().stream()
                      .map(printer::label)
                      .collect(Collectors.joining(", "))));
    }
  }

  private void draw(PlotFile file, double[] logits, SoftmaxPrinter printer) {
    if (file.format() == PlotFile.Format.HTML) {
      String[] labels =
          IntStream.range(0, logits.length).mapToObj(printer::label).toArray(String[]::new);
      SamplingParameters first = printer.each().getFirst().parameters();
      StepsPage page = new StepsPage("Softmax", first, labels);
      for (ExactSoftmax each : printer.each()) {
        page.add(
            "temperature " + text(each.parameters().temperature()),
            new int[0],
            ExactSoftmax.trace(logits, each.parameters()));
      }
      file.write(page.html());
    } else {
      file.write(printer.charts());
    }
    common.note("wrote " + file.path());
  }
}
