package gpt.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import gpt.backend.cpu.kernels.CpuKernelsProvider;
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
 * The conditions of a run: machine, software and settings.
 *
 * @param machine a short name, also used in file names
 * @param date when the run started
 * @param cpu the processor's name
 * @param cores that Java may use
 * @param memory total bytes
 * @param os operating system and architecture
 * @param java version and vendor
 * @param vector vector width of the Vector API, or why it is not used
 * @param tornado TornadoVM's version; null without it
 * @param devices the TornadoVM devices that were measured
 * @param commit of the sources
 * @param loadBefore the system's load average at the start
 * @param loadAfter the system's load average at the end
 * @param settings of the command line and of JMH
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

  /** The conditions of this machine at the start of a run. */
  static Conditions now(List<TornadoDevices.Device> devices, String settings) {
    String cpu = Processor.name();
    int cores = Runtime.getRuntime().availableProcessors();
    String fallbackReason = CpuKernelsProvider.fallbackReason();
    return new Conditions(
        name(cpu, cores, devices),
        OffsetDateTime.now().truncatedTo(ChronoUnit.MINUTES).toString(),
        cpu,
        cores,
        totalMemory(),
        property("os.name") + " " + property("os.version") + ", " + property("os.arch"),
        Runtime.version() + ", " + property("java.vendor"),
        CpuKernelsProvider.description()
            + (fallbackReason == null ? "" : " (" + fallbackReason + ")"),
        devices.isEmpty() ? null : System.getProperty(TORNADO, "unknown version"),
        devices.stream()
            .map(d -> "%s %s (%s, %s)".formatted(d.id(), d.name(), d.platform(), d.type()))
            .toList(),
        System.getProperty(COMMIT, "unknown"),
        load(),
        Double.NaN,
        settings);
  }

  /** The same conditions with the load average at the end. */
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

  /** Bytes of memory that are available now. */
  static long freeMemory() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
        if (line.startsWith("MemAvailable:")) {
          return Math.min(1024 * Long.parseLong(line.replaceAll("\\D", "")), totalMemory());
        }
      }
    } catch (IOException e) {
      // Not Linux: ask Java instead.
    }
    return system().getFreeMemorySize();
  }

  private static double load() {
    return Math.round(100 * system().getSystemLoadAverage()) / 100.0;
  }

  /**
   * A short name from the processor, its cores and the first GPU: {@code intel-xeon-2-cores},
   * {@code amd-epyc-9654-16-cores-nvidia-h100-pcie}.
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
