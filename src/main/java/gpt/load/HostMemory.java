package gpt.load;

import com.sun.management.OperatingSystemMXBean;
import gpt.GptException;
import gpt.backend.cpu.CpuEngine;
import gpt.model.Bytes;
import gpt.model.GptConfig;
import gpt.model.Precision;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Whether a model fits into this machine's memory. Linux gives out memory that it does not have and
 * kills the process that uses it, without a word: better to say so before.
 */
public final class HostMemory {
  private static final Path MEMINFO = Path.of("/proc/meminfo");

  private HostMemory() {}

  /**
   * Refuses a model whose weights alone do not fit.
   *
   * @param available bytes, empty where nobody knows
   */
  static void check(GptConfig config, boolean tied, Precision precision, OptionalLong available) {
    long needed = weights(config, tied, precision);
    if (available.isEmpty() || needed <= available.getAsLong()) {
      return;
    }
    List<String> smaller = new ArrayList<>();
    for (Precision other : List.of(Precision.BF16, Precision.I8)) {
      long bytes = weights(config, tied, other);
      if (bytes < needed && bytes <= available.getAsLong()) {
        smaller.add("--dtype " + other.word() + " takes " + Bytes.text(bytes));
      }
    }
    throw new GptException(
        "the weights take %s of memory as %s, and %s are free; %s"
            .formatted(
                Bytes.text(needed),
                precision.word(),
                Bytes.text(available.getAsLong()),
                smaller.isEmpty() ? "take a smaller model" : String.join(", ", smaller)));
  }

  /** Bytes of a model's weights on the CPU, positions among them; norms and biases are nothing. */
  public static long weights(GptConfig config, boolean tied, Precision precision) {
    return CpuEngine.weightBytes(config, tied, precision)
        + (long) Float.BYTES * config.blockSize() * config.nEmbd();
  }

  /**
   * Refuses a model whose arrays do not fit beside a device.
   *
   * @param arrays bytes that the device gets
   * @param shared whether the device's own copy is in this memory too
   */
  static void checkArrays(
      long arrays, boolean shared, Precision precision, OptionalLong available) {
    long needed = shared ? 2 * arrays : arrays;
    if (available.isPresent() && needed > available.getAsLong()) {
      throw new GptException(
          "the model's arrays take %s of this machine's memory as %s%s, and %s are free; %s"
              .formatted(
                  Bytes.text(needed),
                  precision.word(),
                  shared ? ", half of it the device's copy" : "",
                  Bytes.text(available.getAsLong()),
                  (precision == Precision.I8 ? "take " : "take --dtype i8, ")
                      + "a smaller model, or --device cpu"));
    }
  }

  /** Bytes of memory and swap, of a container's limit where there is one. */
  public static OptionalLong installed() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean machine
        ? OptionalLong.of(machine.getTotalMemorySize() + machine.getTotalSwapSpaceSize())
        : OptionalLong.empty();
  }

  /** Bytes that could be had now, a container's limit and swap considered; Linux only. */
  static OptionalLong available() {
    try {
      long free = 0;
      for (String line : Files.readAllLines(MEMINFO)) {
        if (line.startsWith("MemAvailable:") || line.startsWith("SwapFree:")) {
          free += 1024 * Long.parseLong(line.replaceAll("\\D", ""));
        }
      }
      long most = installed().orElse(free);
      return free == 0 ? OptionalLong.empty() : OptionalLong.of(Math.min(free, most));
    } catch (IOException | NumberFormatException e) {
      return OptionalLong.empty();
    }
  }
}
