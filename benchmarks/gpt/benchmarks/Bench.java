package gpt.benchmarks;

import gpt.GptException;
import gpt.backend.tornado.TornadoDevices;
import gpt.benchmarks.report.Report;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code scripts/bench}: measures, keeps the results, and makes a report of them. */
@Command(
    name = "scripts/bench",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "%nTimes every kernel and whole steps of decode and prefill on the CPU and on TornadoVM's"
            + " devices, and writes a report.%n")
public final class Bench implements Callable<Integer> {
  private static final String ALL = "all";

  static final Path RESULTS = Path.of("benchmarks", "results");

  @Option(
      names = "--device",
      paramLabel = "BACKEND:DEVICE|all|cpu",
      defaultValue = "all",
      description =
          "Beside the CPU a device of TornadoVM's, or all of them, or none (cpu)."
              + " Default: ${DEFAULT-VALUE}")
  private String device;

  @Option(names = "--quick", description = "The demo's shape and gpt2's, each row a second or two.")
  private boolean quick;

  @Option(
      names = "--operations",
      split = ",",
      paramLabel = "NAME",
      description = "These only, with commas between. See --list.")
  private List<String> operations = List.of();

  @Option(
      names = "--shapes",
      split = ",",
      paramLabel = "NAME",
      description = "Of demo, gpt2, gpt2-medium, gpt2-large, gpt2-xl.")
  private List<String> shapes = List.of();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Where results go. Default: benchmarks/results")
  private Path out = RESULTS;

  @Option(names = "--list", description = "Say what would be measured, and what not.")
  private boolean list;

  @Option(
      names = "--report",
      paramLabel = "FILE.json",
      description = "Measure nothing: make the report of a file of results, beside it.")
  private Path report;

  @CommandLine.Spec private CommandSpec spec;

  /** Runs it; the exit status is 2 for a wrong command line, 1 where something failed. */
  public static void main(String[] args) {
    System.exit(run(args));
  }

  static int run(String... args) {
    return new CommandLine(new Bench())
        .setParameterExceptionHandler(
            (e, ignored) ->
                fail(e.getMessage().lines().findFirst().orElse("") + " (see --help)", 2))
        .setExecutionExceptionHandler(
            (e, ignored, result) -> {
              if (e instanceof GptException) {
                return fail(e.getMessage(), 1);
              }
              throw e;
            })
        .execute(args);
  }

  private static int fail(String message, int status) {
    System.err.println("bench: " + message);
    return status;
  }

  @Override
  public Integer call() throws Exception {
    if (report != null) {
      Report.write(Results.read(report), report.toAbsolutePath().getParent(), nameOf(report));
      return 0;
    }
    Plan.Selection selection = selection();
    checkFolder();
    try (Measuring measuring = new Measuring(devices(), quick, settings())) {
      Plan plan = new Plan(measuring.machine(), selection);
      plan.leftOut().forEach(o -> System.out.println("left out: " + o.row() + ": " + o.why()));
      if (list) {
        plan.rows().forEach(row -> System.out.println(row.work() + ", " + row.who()));
        return 0;
      }
      if (plan.rows().isEmpty()) {
        throw new ParameterException(spec.commandLine(), "nothing to measure with these options");
      }
      Results results = measuring.run(plan, out);
      Report.write(results, out, measuring.name());
      System.out.println("report: " + out.resolve(measuring.name() + ".md"));
      return results.rows().stream().anyMatch(row -> row.error() != null) ? 1 : 0;
    }
  }

  private void checkFolder() {
    if (Files.exists(out) && !Files.isDirectory(out)) {
      throw new ParameterException(spec.commandLine(), "--out " + out + ": is not a folder");
    }
  }

  /** The command line without where its results go, which is nobody else's business. */
  private String settings() {
    List<String> words = new ArrayList<>(spec.commandLine().getParseResult().originalArgs());
    int at = words.indexOf("--out");
    if (at >= 0) {
      words.subList(at, at + 2).clear();
    }
    words.removeIf(word -> word.startsWith("--out="));
    return String.join(" ", words);
  }

  /** Those of TornadoVM's that are asked for. */
  private List<TornadoDevices.Device> devices() {
    if (device.equals(gpt.benchmarks.Spec.CPU)) {
      return List.of();
    }
    List<TornadoDevices.Device> all = Measuring.devices();
    if (device.equals(ALL)) {
      if (all.isEmpty()) {
        System.out.println(
            "TornadoVM is not here (./setup-tornado.sh installs it): the CPU alone is measured");
      }
      return all;
    }
    return List.of(
        all.stream()
            .filter(d -> d.id().equals(device))
            .findFirst()
            .orElseThrow(
                () ->
                    new ParameterException(
                        spec.commandLine(),
                        "--device: there is no '"
                            + device
                            + "'; there "
                            + (all.isEmpty() ? "is cpu, and TornadoVM is not here" : "are cpu, all")
                            + String.join("", all.stream().map(d -> ", " + d.id()).toList()))));
  }

  private static String nameOf(Path json) {
    return json.getFileName().toString().replaceFirst("\\.json$", "");
  }

  private Plan.Selection selection() {
    for (String operation : operations) {
      if (!Plan.operations().contains(operation)) {
        throw new ParameterException(
            spec.commandLine(),
            "--operations: there is no '"
                + operation
                + "'; there are "
                + String.join(", ", Plan.operations()));
      }
    }
    List<Shape> chosen = new ArrayList<>();
    for (String shape : shapes) {
      chosen.add(
          Shape.of(shape)
              .orElseThrow(
                  () ->
                      new ParameterException(
                          spec.commandLine(),
                          "--shapes: there is no '"
                              + shape
                              + "'; there are "
                              + List.of(Shape.values()))));
    }
    if (chosen.isEmpty()) {
      chosen = quick ? List.of(Shape.DEMO, Shape.GPT2) : List.of(Shape.values());
    }
    return new Plan.Selection(
        Set.copyOf(operations), chosen.stream().distinct().sorted().toList(), true, quick);
  }
}
