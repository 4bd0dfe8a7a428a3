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

/** {@code scripts/bench}: runs the benchmarks, stores the results, and writes a report. */
@Command(
    name = "scripts/bench",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "%nTimes every kernel and whole steps of decode and prefill on the CPU and on TornadoVM"
            + " devices, and writes a report.%n")
public final class Bench implements Callable<Integer> {
  private static final String ALL = "all";

  static final Path RESULTS = Path.of("benchmarks", "results");

  @Option(
      names = "--device",
      paramLabel = "BACKEND:DEVICE|all|cpu",
      defaultValue = "all",
      description =
          "TornadoVM device to measure besides the CPU: one, all, or none (cpu)."
              + " Default: ${DEFAULT-VALUE}")
  private String device;

  @Option(names = "--no-cpu", description = "Measure TornadoVM's devices only.")
  private boolean noCpu;

  @Option(
      names = "--quick",
      description = "Only the shapes demo and gpt2, one or two seconds per row.")
  private boolean quick;

  @Option(
      names = "--operations",
      split = ",",
      paramLabel = "NAME",
      description = "Only these operations, comma-separated. See --list.")
  private List<String> operations = List.of();

  @Option(
      names = "--shapes",
      split = ",",
      paramLabel = "NAME",
      description = "Only these of demo, gpt2, gpt2-medium, gpt2-large, gpt2-xl.")
  private List<String> shapes = List.of();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder for results. Default: benchmarks/results")
  private Path out = RESULTS;

  @Option(
      names = "--list",
      description = "Print the rows that would be measured, and those left out.")
  private boolean list;

  @Option(
      names = "--report",
      paramLabel = "FILE.json",
      description = "Measure nothing; write the report of a results file next to it.")
  private Path report;

  @CommandLine.Spec private CommandSpec spec;

  /** Exit status: 2 for a wrong command line, 1 for a failure. */
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
    try (BenchmarkRun run = new BenchmarkRun(devices(), quick, settings())) {
      Plan plan = new Plan(run.machine(), selection);
      plan.leftOut().forEach(o -> System.out.println("left out: " + o.row() + ": " + o.why()));
      if (list) {
        plan.rows().forEach(row -> System.out.println(row.work() + ", " + row.implementation()));
        return 0;
      }
      if (plan.rows().isEmpty()) {
        throw new ParameterException(spec.commandLine(), "nothing to measure with these options");
      }
      Results results = run.measure(plan, out);
      Report.write(results, out, run.name());
      System.out.println("report: " + out.resolve(run.name() + ".md"));
      return results.rows().stream().anyMatch(row -> row.error() != null) ? 1 : 0;
    }
  }

  private void checkFolder() {
    if (Files.exists(out) && !Files.isDirectory(out)) {
      throw new ParameterException(
          spec.commandLine(), "--out: expected a folder, found the file " + out);
    }
  }

  /** The command line without {@code --out}, whose path does not belong into results. */
  private String settings() {
    List<String> words = new ArrayList<>(spec.commandLine().getParseResult().originalArgs());
    int at = words.indexOf("--out");
    if (at >= 0) {
      words.subList(at, at + 2).clear();
    }
    words.removeIf(word -> word.startsWith("--out="));
    return String.join(" ", words);
  }

  /** The TornadoVM devices that --device selects. */
  private List<TornadoDevices.Device> devices() {
    if (device.equals(gpt.benchmarks.Spec.CPU)) {
      return List.of();
    }
    List<TornadoDevices.Device> all = BenchmarkRun.devices();
    if (device.equals(ALL)) {
      if (all.isEmpty()) {
        System.out.println(
            "TornadoVM is not installed, so only the CPU is measured;"
                + " run ./setup-tornado.sh to install it");
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
                        "--device: expected %s%s, found '%s'"
                            .formatted(
                                all.isEmpty() ? "cpu (TornadoVM is not installed)" : "cpu, all",
                                String.join("", all.stream().map(d -> ", " + d.id()).toList()),
                                device))));
  }

  private static String nameOf(Path json) {
    return json.getFileName().toString().replaceFirst("\\.json$", "");
  }

  private Plan.Selection selection() {
    for (String operation : operations) {
      if (!Plan.operations().contains(operation)) {
        throw new ParameterException(
            spec.commandLine(),
            "--operations: expected some of %s; found '%s'"
                .formatted(String.join(", ", Plan.operations()), operation));
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
                          "--shapes: expected some of %s, found '%s'"
                              .formatted(List.of(Shape.values()), shape))));
    }
    if (chosen.isEmpty()) {
      chosen = quick ? List.of(Shape.DEMO, Shape.GPT2) : List.of(Shape.values());
    }
    return new Plan.Selection(
        Set.copyOf(operations), chosen.stream().distinct().sorted().toList(), !noCpu, quick);
  }
}
