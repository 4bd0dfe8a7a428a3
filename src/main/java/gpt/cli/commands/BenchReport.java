package gpt.cli.commands;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import gpt.bench.Bench;
import gpt.bench.BenchResult;
import gpt.bench.Breakdown;
import gpt.bench.DraftResult;
import gpt.bench.Statistics;
import gpt.cli.output.Columns;
import gpt.cli.output.Csv;
import gpt.cli.output.Json;
import gpt.cli.output.StandardOutput;
import gpt.load.Processor;
import gpt.model.Bytes;
import gpt.model.Precision;
import java.io.Closeable;
import java.io.IOException;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Prints the results of {@code gpt bench} on standard output: CSV and JSON lines at once, the table
 * and the JSON array at the end. Fields have llama-bench's names where it has them.
 */
final class BenchReport implements Closeable {
  /** Columns of a report with drafts, behind the others. */
  private static final List<String> DRAFT_HEADERS =
      List.of("draft", "right", "t/s without", "ratio");

  private static final List<String> HEADERS =
      List.of(
          "model",
          "size",
          "params",
          "device",
          "threads",
          "dtype",
          "test",
          "t/s",
          "ttft ms",
          "MB/token",
          "GB/s",
          "share",
          "GFLOP/s");

  /** The first columns, which are aligned to the left; the others are aligned to the right. */
  private static final int LEFT_COLUMNS = 1;

  /**
   * A model on a device.
   *
   * @param parameters the model's number of parameters
   * @param bytes bytes of its weights in memory
   * @param device the device in the words of {@code --device}
   * @param deviceName its name in the words of its driver or operating system
   * @param threads threads on the cpu
   * @param probe how the bandwidth was measured
   */
  record Place(
      BenchCommand.Subject subject,
      long parameters,
      long bytes,
      String device,
      String deviceName,
      Optional<Integer> threads,
      Precision precision,
      String probe) {}

  private final BenchCommand.Output output;
  private final JsonArray all = new JsonArray();
  private final List<String> probes = new ArrayList<>();
  private final List<Double> probed = new ArrayList<>();
  private final List<List<String>> rows = new ArrayList<>();
  private final List<String> breakdowns = new ArrayList<>();
  private Place place;
  private boolean headed;
  private boolean drafts;

  BenchReport(BenchCommand.Output output) {
    this.output = output;
  }

  /** The results that follow are from this place. */
  void begin(Place next) {
    endProbes();
    place = next;
  }

  /**
   * Adds a test's result.
   *
   * @param breakdown how its time is divided; null without a profile
   */
  void add(BenchResult result, Breakdown breakdown) throws IOException {
    if (breakdown != null) {
      breakdowns.add(text(result, breakdown));
    }
    add(result, breakdown, null, null);
  }

  /** Adds a test's result with drafts. */
  void add(DraftResult result, String drafter) throws IOException {
    drafts = true;
    add(result.result(), null, result, drafter);
  }

  private void add(BenchResult result, Breakdown breakdown, DraftResult draft, String drafter)
      throws IOException {
    for (double probe : result.probes()) {
      probed.add(probe / 1e9);
    }
    switch (output) {
      case MD -> rows.add(row(result, draft, drafter));
      case JSON -> all.add(json(result, breakdown, draft, drafter));
      case JSONL -> StandardOutput.write(Json.line(json(result, breakdown, draft, drafter)));
      case CSV -> {
        Map<String, JsonElement> fields = json(result, breakdown, draft, drafter).asMap();
        if (!headed) {
          StandardOutput.write(Csv.line(List.copyOf(fields.keySet())));
          headed = true;
        }
        StandardOutput.write(Csv.line(fields.values().stream().map(BenchReport::field).toList()));
      }
    }
  }

  /** Prints the results that are not printed yet, also after a failure. */
  @Override
  public void close() throws IOException {
    if (rows.isEmpty() && all.isEmpty()) {
      return;
    }
    endProbes();
    switch (output) {
      case JSON -> StandardOutput.write(Json.line(all));
      case MD -> {
        probes.add("token ids drawn from seed " + Bench.SEED);
        StandardOutput.write(table() + "\n" + String.join("\n", probes) + "\n");
        if (!breakdowns.isEmpty()) {
          StandardOutput.write(
              "\ntime per token by the device's clock, with its profiler on\n"
                  + String.join("", breakdowns));
        }
      }
      case CSV, JSONL -> {}
    }
  }

  private void endProbes() {
    double[] sorted =
        probed.stream().mapToDouble(p -> p).filter(p -> !Double.isNaN(p)).sorted().toArray();
    if (sorted.length > 0) {
      probes.add(
          String.format(
              Locale.ROOT,
              "bandwidth, %s on %s: %.1f GB/s (%.1f to %.1f)",
              place.probe(),
              place.deviceName(),
              Statistics.median(sorted),
              sorted[0],
              sorted[sorted.length - 1]));
    }
    probed.clear();
  }

  private List<String> row(BenchResult r, DraftResult draft, String drafter) {
    boolean plain = draft == null;
    return List.of(
        place.subject().name(),
        Bytes.text(place.bytes()),
        String.format(Locale.ROOT, "%.2f M", place.parameters() / 1e6),
        place.device(),
        place.threads().map(String::valueOf).orElse("-"),
        place.precision().word(),
        r.test().name(),
        String.format(
            Locale.ROOT, "%.2f ± %.2f", r.meanTokensPerSecond(), r.deviationTokensPerSecond()),
        number(plain ? r.firstTokenMillis() : Double.NaN, "%.1f"),
        number(plain ? r.bytesPerToken() / 1e6 : Double.NaN, "%.1f"),
        number(plain ? r.gigabytesPerSecond() : Double.NaN, "%.1f"),
        number(r.share(), "%.2f"),
        number(plain ? r.gigaflops() : Double.NaN, "%.1f"),
        plain ? "" : drafter,
        plain ? "" : "%d of %d".formatted(draft.right(), draft.drafts()),
        plain ? "" : number(draft.plainTokensPerSecond(), "%.2f"),
        plain ? "" : number(draft.ratio(), "%.2f"));
  }

  /** The parts of a token's time, the largest first. */
  private String text(BenchResult r, Breakdown b) {
    int tokens = r.test().tokens();
    Map<String, Long> parts = new LinkedHashMap<>();
    parts.put("kernels", b.kernelNanos());
    parts.put("copies", b.transferNanos());
    parts.put("between launches, host", b.otherNanos());
    StringBuilder text =
        new StringBuilder(
            String.format(
                Locale.ROOT,
                "%s, %s, %s on %s: %.3f ms, %.1f launches%n",
                place.subject().name(),
                place.precision().word(),
                r.test().name(),
                place.device(),
                b.nanos() / 1e6 / tokens,
                (double) b.launches() / tokens));
    parts.entrySet().stream()
        .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
        .forEach(
            part ->
                text.append(
                    String.format(
                        Locale.ROOT,
                        "  %-24s %9.3f ms %5.1f%%%n",
                        part.getKey(),
                        part.getValue() / 1e6 / tokens,
                        100.0 * part.getValue() / b.nanos())));
    return text.toString();
  }

  private static String number(double value, String format) {
    return Double.isNaN(value) ? "" : String.format(Locale.ROOT, format, value);
  }

  private String table() {
    List<List<String>> lines = new ArrayList<>();
    List<String> headers = new ArrayList<>(HEADERS);
    if (drafts) {
      headers.addAll(DRAFT_HEADERS);
    }
    lines.add(headers);
    rows.forEach(row -> lines.add(row.subList(0, headers.size())));
    int[] widths = new int[headers.size()];
    for (List<String> line : lines) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], Columns.width(line.get(i)));
      }
    }
    StringBuilder text = new StringBuilder();
    for (int l = 0; l < lines.size(); l++) {
      for (int i = 0; i < widths.length; i++) {
        String cell = lines.get(l).get(i);
        text.append("| ")
            .append(
                i < LEFT_COLUMNS ? Columns.left(cell, widths[i]) : Columns.right(cell, widths[i]))
            .append(' ');
      }
      text.append("|\n");
      if (l == 0) {
        for (int i = 0; i < widths.length; i++) {
          text.append("| ");
          text.append("-".repeat(widths[i] - 1)).append(i < LEFT_COLUMNS ? "- " : ": ");
        }
        text.append("|\n");
      }
    }
    return text.toString();
  }

  private JsonObject json(BenchResult r, Breakdown b, DraftResult draft, String drafter) {
    boolean plain = draft == null;
    JsonObject json = new JsonObject();
    json.addProperty("version", BenchReport.class.getPackage().getImplementationVersion());
    json.addProperty("java", Runtime.version().toString());
    json.addProperty("cpu_info", Processor.name());
    boolean host = !place.device().startsWith("tornado:");
    json.addProperty("gpu_info", host ? "" : place.deviceName());
    json.addProperty("backends", host ? "CPU" : "TornadoVM");
    json.addProperty("device", place.device());
    json.addProperty("model_filename", place.subject().file());
    json.addProperty("model_type", place.subject().name());
    json.addProperty("model_size", place.bytes());
    json.addProperty("model_n_params", place.parameters());
    json.addProperty("dtype", place.precision().word());
    json.addProperty("n_threads", place.threads().orElse(null));
    json.addProperty("n_prompt", r.test().prompt());
    json.addProperty("n_gen", r.test().generated());
    json.addProperty("n_parallel", r.test().sequences());
    json.addProperty("n_depth", 0);
    json.addProperty("seed", Bench.SEED);
    json.addProperty("test_time", r.time().truncatedTo(ChronoUnit.SECONDS).toString());
    json.addProperty("avg_ns", Math.round(r.meanNanos()));
    json.addProperty("stddev_ns", Math.round(r.deviationNanos()));
    json.addProperty("avg_ts", r.meanTokensPerSecond());
    json.addProperty("stddev_ts", r.deviationTokensPerSecond());
    json.add("samples_ns", Json.tree(r.nanos()));
    json.add("samples_ts", Json.tree(r.tokensPerSecond()));
    json.addProperty("draft", plain ? "" : drafter);
    json.addProperty("n_drafts", plain ? 0 : draft.drafts());
    json.addProperty("n_drafts_right", plain ? 0 : draft.right());
    add(json, "plain_avg_ts", plain ? Double.NaN : draft.plainTokensPerSecond());
    add(json, "ratio_to_plain", plain ? Double.NaN : draft.ratio());
    add(json, "ttft_ms", plain ? r.firstTokenMillis() : Double.NaN);
    add(json, "bytes_per_token", plain ? r.bytesPerToken() : Double.NaN);
    add(json, "gb_per_s", plain ? r.gigabytesPerSecond() : Double.NaN);
    add(json, "gflop_per_s", plain ? r.gigaflops() : Double.NaN);
    add(json, "probe_gb_per_s", r.probeGigabytesPerSecond());
    add(json, "share", r.share());
    double tokens = r.test().tokens();
    add(json, "kernel_ms_per_token", b == null ? Double.NaN : b.kernelNanos() / 1e6 / tokens);
    add(json, "transfer_ms_per_token", b == null ? Double.NaN : b.transferNanos() / 1e6 / tokens);
    add(json, "other_ms_per_token", b == null ? Double.NaN : b.otherNanos() / 1e6 / tokens);
    add(json, "launches_per_token", b == null ? Double.NaN : b.launches() / tokens);
    return json;
  }

  private static void add(JsonObject json, String name, double value) {
    json.add(name, Double.isNaN(value) ? JsonNull.INSTANCE : Json.tree(value));
  }

  /** A field of CSV; the values of a list are separated by spaces. */
  private static String field(JsonElement value) {
    if (value.isJsonNull()) {
      return "";
    }
    return value.isJsonArray()
        ? value.getAsJsonArray().asList().stream()
            .map(JsonElement::getAsString)
            .collect(Collectors.joining(" "))
        : value.getAsString();
  }
}
