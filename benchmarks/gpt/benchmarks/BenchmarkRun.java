package gpt.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import gpt.backend.cpu.kernels.CpuKernelsProvider;
import gpt.backend.tornado.TornadoDevices;
import gpt.backend.tornado.TornadoVm;
import gpt.bench.Statistics;
import gpt.kernels.CuBlas;
import gpt.kernels.DeviceProbe;
import gpt.kernels.TornadoMatrices;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.openjdk.jmh.util.Version;

/** A run: probes the devices, then measures row by row. */
final class BenchmarkRun implements AutoCloseable {
  private final Map<String, Probe.Source> sources = new LinkedHashMap<>();

  /** The first probe of each device, from which the rows were chosen. */
  private final Map<String, Probe> first = new LinkedHashMap<>();

  private final List<Probe> probes = new ArrayList<>();
  private final List<Row> rows = new ArrayList<>();
  private final Machine machine;
  private final boolean quick;
  private final Timing timing;
  private Conditions conditions;
  private String name;

  /**
   * Probes the CPU and the devices.
   *
   * @param devices the TornadoVM devices to measure, without the emulator
   */
  BenchmarkRun(List<TornadoDevices.Device> devices, boolean quick, String settings)
      throws Exception {
    this.quick = quick;
    timing = quick ? Timing.QUICK : Timing.FULL;
    conditions = Conditions.now(devices, settings(settings));
    sources.put(Spec.CPU, new CpuProbe());
    first.put(Spec.CPU, sources.get(Spec.CPU).measure(0));
    for (TornadoDevices.Device device : devices) {
      boolean isCpu = device.type() == TornadoDevices.Type.CPU;
      Probe.Source source = new DeviceProbe(device, isCpu ? first.get(Spec.CPU).peak() : 0);
      sources.put(device.id(), source);
      first.put(device.id(), source.measure(0));
    }
    first.values().forEach(BenchmarkRun::print);
    machine =
        new Machine(
            Conditions.freeMemory(),
            CpuKernelsProvider.fallbackReason() == null,
            TornadoMatrices.present(),
            first.get(Spec.CPU),
            devices.stream()
                .map(
                    d ->
                        new Machine.Target(
                            d.id(),
                            d.type() == TornadoDevices.Type.CPU,
                            d.hasHalf(),
                            d.memory(),
                            first.get(d.id()),
                            CuBlas.missing(d.id())))
                .toList());
  }

  private String settings(String command) {
    return "%s (JMH %s: %d + %d iterations of %d ms)"
        .formatted(
            command,
            Version.getPlainVersion(),
            timing.warmUps(),
            timing.iterations(),
            timing.millis());
  }

  /** The TornadoVM devices, without the emulator. */
  static List<TornadoDevices.Device> devices() {
    return TornadoVm.presence() == TornadoVm.Presence.TORNADOVM
        ? TornadoDevices.find().all()
        : List.of();
  }

  Machine machine() {
    return machine;
  }

  /** Name of the result files, without extension. */
  String name() {
    return name;
  }

  /** Measures all rows and writes the results into a folder. */
  Results measure(Plan plan, Path folder) {
    name = newName(folder);
    Path partial = folder.resolve(name + ".partial.json");
    Spec before = null;
    for (Spec spec : plan.rows()) {
      if (before == null || isBreak(before, spec)) {
        if (before != null) {
          probe(before.device());
        }
        if (before == null || !before.device().equals(spec.device())) {
          probe(spec.device());
        }
        if (before != null) {
          Results.write(partial, results(plan, false).toJson().getBytes(UTF_8));
        }
      }
      Row row = runner().run(spec, plan.seconds(spec));
      rows.add(row);
      print(row);
      before = spec;
    }
    probe(before.device());
    conditions = conditions.ended();
    Results results = results(plan, true);
    Results.write(folder.resolve(name + ".json"), results.toJson().getBytes(UTF_8));
    try {
      Files.deleteIfExists(partial);
    } catch (IOException e) {
      // The partial file stays; it is marked as not complete.
    }
    return results;
  }

  private JmhRunner runner() {
    return new JmhRunner(timing);
  }

  private Results results(Plan plan, boolean complete) {
    return new Results(
        conditions, complete, List.copyOf(probes), List.copyOf(rows), plan.leftOut());
  }

  /** Whether to probe again between two rows; a quick run probes at a device's ends only. */
  private boolean isBreak(Spec before, Spec next) {
    return !before.device().equals(next.device())
        || (!quick
            && !(before.question().equals(next.question()) && before.shape().equals(next.shape())));
  }

  private void probe(String device) {
    Probe probe = rows.isEmpty() ? first.get(device) : sources.get(device).measure(rows.size());
    probes.add(probe);
    if (!rows.isEmpty()) {
      print(probe);
    }
  }

  /** Machine and date, with a number if that file exists. */
  private String newName(Path folder) {
    String plain = conditions.machine() + "-" + conditions.date().substring(0, 10);
    String unused = plain;
    for (int i = 2; Files.exists(folder.resolve(unused + ".json")); i++) {
      unused = plain + "-" + i;
    }
    return unused;
  }

  private static void print(Probe probe) {
    System.out.printf(
        Locale.ROOT,
        "%s: copy %.1f GB/s%s, FMA peak %.0f GFLOP/s%n",
        probe.device(),
        probe.copy() / 1e9,
        probe.read() > 0 ? ", read %.1f GB/s".formatted(probe.read() / 1e9) : "",
        probe.peak() / 1e9);
  }

  /** Prints a line; the share is of the last probe's copy bandwidth. */
  private void print(Row row) {
    Spec spec = row.spec();
    String who = "%-42s %-24s".formatted(spec.work(), spec.implementation());
    if (row.error() != null) {
      System.out.println(who + " " + row.error());
      return;
    }
    Probe probe =
        probes.stream()
            .filter(p -> p.device().equals(spec.device()))
            .reduce((first, second) -> second)
            .orElseThrow();
    String device =
        row.device() == null
            ? ""
            : String.format(Locale.ROOT, "%.3f in kernels", Statistics.median(row.device()) / 1e6);
    String speed =
        row.flops() == 0 ? "" : String.format(Locale.ROOT, "%8.2f GFLOP/s", row.speed() / 1e9);
    System.out.printf(
        Locale.ROOT,
        "%s %9.3f ms %19s %8.2f GB/s, %5.2f × copy %s%n",
        who,
        Statistics.median(row.wall()) / 1e6,
        device,
        row.bandwidth() / 1e9,
        row.bandwidth() / probe.copy(),
        speed);
  }

  @Override
  public void close() {
    for (Probe.Source source : sources.values()) {
      source.close();
    }
  }
}
