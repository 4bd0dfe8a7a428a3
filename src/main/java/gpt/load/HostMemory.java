package gpt.load;

import com.sun.management.OperatingSystemMXBean;
import gpt.GptException;
import gpt.backend.cpu.CpuEngine;
import gpt.model.Bytes;
import gpt.model.Precision;
import gpt.model.Weights;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.ToLongFunction;

/**
 * Checks that a model fits in this machine's memory. Linux overcommits memory and kills a process
 * that uses too much without a message, so the check comes before loading.
 */
public final class HostMemory {
  private static final Path MEMINFO = Path.of("/proc/meminfo");

  /** Precisions that an error suggests, where they take less. */
  private static final List<Precision> SMALLER =
      List.of(Precision.STORED, Precision.BF16, Precision.I8, Precision.Q4);

  /**
   * Smaller weights are not checked: Java takes 70 ms to find out the machine's memory, longer than
   * to load them.
   */
  private static final long MIN_CHECKED_BYTES = 64 << 20;

  private HostMemory() {}

  /** Fails if a model's weights alone do not fit in the memory that could be had now. */
  static void check(ToLongFunction<Precision> weights, Precision precision) {
    if (weights.applyAsLong(precision) >= MIN_CHECKED_BYTES) {
      check(weights, precision, available());
    }
  }

  /**
   * Fails if a model's weights alone do not fit.
   *
   * @param weights their bytes in each precision
   * @param available bytes; empty if unknown
   */
  static void check(
      ToLongFunction<Precision> weights, Precision precision, OptionalLong available) {
    long needed = weights.applyAsLong(precision);
    if (available.isEmpty() || needed <= available.getAsLong()) {
      return;
    }
    List<String> smaller = new ArrayList<>();
    for (Precision other : SMALLER) {
      long bytes = weights.applyAsLong(other);
      if (bytes < needed && bytes <= available.getAsLong()) {
        smaller.add("dtype " + other.word() + " takes " + Bytes.text(bytes));
      }
    }
    throw new GptException(
        "the weights take %s of memory as %s, and %s are free; %s"
            .formatted(
                Bytes.text(needed),
                precision.word(),
                Bytes.text(available.getAsLong()),
                smaller.isEmpty() ? "use a smaller model" : String.join(", ", smaller)));
  }

  /** Bytes of a model's weights on the CPU; LayerNorm parameters and biases are negligible. */
  public static long weights(Weights weights, Precision precision) {
    return CpuEngine.weightBytes(weights, precision) + Float.BYTES * weights.wpe().size();
  }

  /**
   * Fails if the host-side arrays of a TornadoVM device do not fit.
   *
   * @param arrays bytes that are copied to the device
   * @param shared whether the device uses host memory, so that its copy counts as well
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
                  (precision == Precision.I8 ? "use " : "use dtype i8, ")
                      + "a smaller model, or device cpu"));
    }
  }

  /** Bytes of memory and swap; a container's limit if there is one. */
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
      long max = installed().orElse(free);
      return free == 0 ? OptionalLong.empty() : OptionalLong.of(Math.min(free, max));
    } catch (IOException | NumberFormatException e) {
      return OptionalLong.empty();
    }
  }
}
