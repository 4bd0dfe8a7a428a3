package gpt.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import gpt.backend.cpu.CpuKernelsProvider;
import gpt.backend.tornado.TornadoDevices;
import gpt.load.Processor;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;

/**
 * What a run was made on.
 *
 * @param machine a short name, of files too
 * @param date when it began
 * @param cpu the processor's name
 * @param cores that Java may use
 * @param memory bytes
 * @param os operating system and architecture
 * @param java its version and maker
 * @param vector how wide the Vector API is, or why it is not used
 * @param tornado TornadoVM's version; null without it
 * @param devices TornadoVM's devices that were measured
 * @param commit of the sources
 * @param loadBefore the system's load average when it began
 * @param loadAfter and when it ended
 * @param settings the command's, and JMH's
 */
public record Conditions(
    String machine,
    String date,
    String cpu,
    int cores,
    long memory,
    String os,
    String java,
    String vector,
    String tornado,
    List<String> devices,
    String commit,
    double loadBefore,
    double loadAfter,
    String settings) {

  static final String COMMIT = "gpt.bench.commit";
  static final String TORNADO = "gpt.bench.tornado";

  /** Of this machine, now. */
  static Conditions now(List<TornadoDevices.Device> devices, String settings) {
    String cpu = Processor.name();
    int cores = Runtime.getRuntime().availableProcessors();
    String refusal = CpuKernelsProvider.refusal();
    return new Conditions(
        name(cpu, cores, devices),
        OffsetDateTime.now().truncatedTo(ChronoUnit.MINUTES).toString(),
        cpu,
        cores,
        totalMemory(),
        property("os.name") + " " + property("os.version") + ", " + property("os.arch"),
        Runtime.version() + ", " + property("java.vendor"),
        CpuKernelsProvider.description() + (refusal == null ? "" : " (" + refusal + ")"),
        devices.isEmpty() ? null : System.getProperty(TORNADO, "unknown version"),
        devices.stream()
            .map(d -> "%s %s (%s, %s)".formatted(d.id(), d.name(), d.platform(), d.type()))
            .toList(),
        System.getProperty(COMMIT, "unknown"),
        load(),
        Double.NaN,
        settings);
  }

  /** The same with the load as it is now. */
  Conditions ended() {
    return new Conditions(
        machine,
        date,
        cpu,
        cores,
        memory,
        os,
        java,
        vector,
        tornado,
        devices,
        commit,
        loadBefore,
        load(),
        settings);
  }

  private static String property(String name) {
    return System.getProperty(name);
  }

  private static OperatingSystemMXBean system() {
    return (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
  }

  private static long totalMemory() {
    return system().getTotalMemorySize();
  }

  /** Bytes that could be had now. */
  static long freeMemory() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
        if (line.startsWith("MemAvailable:")) {
          return Math.min(1024 * Long.parseLong(line.replaceAll("\\D", "")), totalMemory());
        }
      }
    } catch (IOException e) {
      // Not Linux.
    }
    return system().getFreeMemorySize();
  }

  private static double load() {
    return Math.round(100 * system().getSystemLoadAverage()) / 100.0;
  }

  /**
   * {@code intel-xeon-2-cores}, {@code amd-epyc-9654-16-cores-nvidia-h100-pcie}: the processor
   * without what every one has in its name, and the first GPU.
   */
  static String name(String cpu, int cores, List<TornadoDevices.Device> devices) {
    String gpu =
        devices.stream()
            .filter(d -> d.type() == TornadoDevices.Type.GPU)
            .findFirst()
            .map(TornadoDevices.Device::name)
            .orElse("");
    return slug(cpu + " " + cores + "-cores " + gpu);
  }

  private static String slug(String text) {
    return text.toLowerCase(Locale.ROOT)
        .replaceAll("\\((r|tm)\\)", " ")
        .replaceAll("@.*?ghz", " ")
        .replaceAll("\\b(cpu|processor|with radeon graphics|\\d+-core)\\b", " ")
        .replaceAll("[^a-z0-9]+", "-")
        .replaceAll("^-|-$", "");
  }
}
