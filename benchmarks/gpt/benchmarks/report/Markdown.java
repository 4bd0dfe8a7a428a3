package gpt.benchmarks.report;

import gpt.bench.Statistics;
import gpt.benchmarks.Conditions;
import gpt.benchmarks.Operations;
import gpt.benchmarks.Probe;
import gpt.benchmarks.Results;
import gpt.benchmarks.Row;
import gpt.benchmarks.Spec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Stream;

/** The report page: conditions, the devices' probes, then a table for each operation. */
final class Markdown {
  private static final String NO_NUMBER = "";

  private final Results results;
  private final List<Comparison> comparisons;
  private final StringBuilder page = new StringBuilder();

  private Markdown(Results results, List<Comparison> comparisons) {
    this.results = results;
    this.comparisons = comparisons;
  }

  /**
   * The page as text.
   *
   * @param pictures file names by title
   */
  static String of(Results results, List<Comparison> comparisons, Map<String, String> pictures) {
    return new Markdown(results, comparisons).write(pictures);
  }

  private String write(Map<String, String> pictures) {
    conditions();
    probes();
    page.append(
        """

        Ratios come first, because machines differ and this one's speed changes. Times are medians of
        JMH's iterations: `ms` is what the caller waited, `ms in kernels` the device's time by
        TornadoVM's profiler. The other columns use the time in kernels for single kernels, where it is
        known, and the whole time for decode, prefill, sampling, and the CPU. `× copy` is the minimum
        bytes that the work moves per second, divided by the copy bandwidth (mean of the probes before
        and after the row); it exceeds 1 where data comes from a cache, because every call reads the
        same data. `× peak` is FLOP/s divided by the FMA peak in registers.
        """);
    pictures.forEach(
        (title, file) -> page.append("\n![").append(title).append("](").append(file).append(")\n"));
    Map<String, List<Comparison>> byOperation = new LinkedHashMap<>();
    Stream.of(Operations.DECODE, Operations.PREFILL)
        .forEach(step -> byOperation.put(step, new ArrayList<>()));
    for (Comparison each : comparisons) {
      byOperation.computeIfAbsent(each.spec().operation(), o -> new ArrayList<>()).add(each);
    }
    List<Comparison> draws = new ArrayList<>();
    byOperation.forEach(
        (operation, rows) -> {
          if (rows.stream().anyMatch(Markdown::isDraw)) {
            draws.addAll(rows);
          } else if (!rows.isEmpty()) {
            table(operation, rows);
          }
        });
    if (!draws.isEmpty()) {
      drawsTable(draws);
    }
    notMeasured();
    return page.toString();
  }

  private static boolean isDraw(Comparison each) {
    return each.spec().question().endsWith("Sampling");
  }

  private void conditions() {
    Conditions c = results.conditions();
    page.append("# Benchmarks: ").append(c.machine()).append("\n\n| | |\n|---|---|\n");
    line("date", c.date());
    line("processor", c.cpu() + ", " + c.cores() + " cores");
    line("memory", number(c.memory() / 1e9) + " GB");
    line("system", c.os());
    line("Java", c.java() + "; " + c.vector());
    line("TornadoVM", c.tornado() == null ? "not installed" : c.tornado());
    c.devices().forEach(device -> line("device", device));
    line("sources", c.commit());
    line(
        "load average",
        String.format(Locale.ROOT, "%.2f before, %.2f after", c.loadBefore(), c.loadAfter()));
    line("settings", c.settings());
    if (!results.complete()) {
      line("**not complete**", "the run was interrupted");
    }
  }

  private void line(String name, String value) {
    page.append("| ").append(name).append(" | ").append(value).append(" |\n");
  }

  private void probes() {
    page.append(
        "\n| median (range) of the run's probes | copy, GB/s | read, GB/s"
            + " | FMA peak, GFLOP/s |\n|---|---|---|---|\n");
    results.probes().stream()
        .map(Probe::device)
        .distinct()
        .forEach(
            device -> {
              List<Probe> own =
                  results.probes().stream().filter(p -> p.device().equals(device)).toList();
              page.append("| ")
                  .append(device)
                  .append(" | ")
                  .append(range(own.stream().mapToDouble(Probe::copy).toArray()))
                  .append(" | ")
                  .append(range(own.stream().mapToDouble(Probe::read).toArray()))
                  .append(" | ")
                  .append(range(own.stream().mapToDouble(Probe::peak).toArray()))
                  .append(" |\n");
            });
  }

  private static String range(double[] values) {
    double min = Double.MAX_VALUE;
    double max = 0;
    for (double value : values) {
      min = Math.min(min, value / 1e9);
      max = Math.max(max, value / 1e9);
    }
    return max == 0
        ? NO_NUMBER
        : "%s (%s to %s)"
            .formatted(number(Statistics.median(values) / 1e9), number(min), number(max));
  }

  private void table(String operation, List<Comparison> rows) {
    boolean cpu = rows.stream().anyMatch(c -> c.timesCpu().isPresent());
    boolean naive = rows.stream().anyMatch(c -> c.timesNaive().isPresent());
    boolean device = rows.stream().anyMatch(c -> c.row().device() != null);
    List<String> head = new ArrayList<>(List.of("shape", "rows", "dtype", "version"));
    if (cpu) {
      head.addAll(List.of("× plain Java", "× the CPU's best"));
    }
    if (naive) {
      head.add("× naive");
    }
    head.addAll(List.of("× copy", "× peak", "ms"));
    if (device) {
      head.add("ms in kernels");
    }
    head.addAll(List.of("GB/s", "GFLOP/s"));
    start(operation, head, 4);
    for (Comparison each : rows) {
      Spec spec = each.spec();
      List<String> cells =
          new ArrayList<>(
              List.of(
                  spec.shape(), String.valueOf(spec.rows()), spec.dtype(), spec.implementation()));
      if (cpu) {
        cells.add(number(each.timesPlain()));
        cells.add(number(each.timesCpu()));
      }
      if (naive) {
        cells.add(number(each.timesNaive()));
      }
      cells.add(number(each.shareOfCopy()));
      cells.add(each.row().flops() == 0 ? NO_NUMBER : number(each.shareOfPeak()));
      cells.add(number(Statistics.median(each.row().wall()) / 1e6));
      if (device) {
        boolean known = each.row().device() != null;
        cells.add(known ? number(Statistics.median(each.row().device()) / 1e6) : NO_NUMBER);
      }
      cells.add(number(each.row().bandwidth() / 1e9));
      cells.add(each.row().flops() == 0 ? NO_NUMBER : number(each.row().speed() / 1e9));
      row(cells);
    }
  }

  /** The sampling rows, relative to lm_head's product. */
  private void drawsTable(List<Comparison> rows) {
    start(
        "sampling",
        List.of("shape", "setting", "version", "× lm_head's time on the CPU", "× the CPU's", "ms"),
        3);
    for (Comparison each : rows) {
      Spec spec = each.spec();
      OptionalDouble head =
          comparisons.stream()
              .filter(c -> c.spec().operation().equals(Operations.LM_HEAD))
              .filter(c -> c.spec().shape().equals(spec.shape()) && c.spec().dtype().equals("f32"))
              .filter(c -> c.spec().isCpu())
              .mapToDouble(c -> c.row().nanos())
              .min();
      row(
          List.of(
              spec.shape(),
              spec.operation().substring(Operations.SAMPLING.length() + 1),
              spec.isCpu() ? "host" : spec.implementation(),
              head.isPresent() ? number(each.row().nanos() / head.getAsDouble()) : NO_NUMBER,
              number(each.timesCpu()),
              number(each.row().nanos() / 1e6)));
    }
  }

  private void notMeasured() {
    List<Row> failed = results.rows().stream().filter(row -> row.error() != null).toList();
    if (failed.isEmpty() && results.leftOut().isEmpty()) {
      return;
    }
    start("Not measured", List.of("row", "why"), 2);
    failed.forEach(
        r -> row(List.of(r.spec().work() + ", " + r.spec().implementation(), r.error())));
    results.leftOut().forEach(left -> row(List.of(left.row(), left.why())));
  }

  private void start(String title, List<String> head, int words) {
    page.append("\n## ").append(title).append("\n\n");
    row(head);
    for (int i = 0; i < head.size(); i++) {
      page.append(i < words ? "|---" : "|--:");
    }
    page.append("|\n");
  }

  private void row(List<String> cells) {
    cells.forEach(cell -> page.append("| ").append(cell).append(' '));
    page.append("|\n");
  }

  private static String number(OptionalDouble value) {
    return value.isPresent() ? number(value.getAsDouble()) : NO_NUMBER;
  }

  /** Formats to three significant digits. */
  static String number(double value) {
    double size = Math.abs(value);
    int decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.01 ? 3 : 5;
    return String.format(Locale.ROOT, "%." + decimals + "f", value);
  }
}
