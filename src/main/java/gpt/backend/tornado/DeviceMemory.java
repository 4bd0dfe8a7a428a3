package gpt.backend.tornado;

import gpt.GptException;
import gpt.kernels.Attention;
import gpt.model.Approximations;
import gpt.model.Bytes;
import gpt.model.GptConfig;
import gpt.model.KvPrecision;
import gpt.model.Precision;
import java.util.Optional;

/** How much device memory a model needs, and whether the device has it. */
public final class DeviceMemory {
  /** Fraction of the device's memory that a model may use; drivers and displays need the rest. */
  private static final double USABLE = 0.95;

  private DeviceMemory() {}

  /**
   * Bytes of weights, activations, and keys and values of {@code capacity} sequences.
   *
   * @param tied whether lm_head shares wte's weights
   */
  public static long needed(
      GptConfig config,
      boolean tied,
      TornadoDevices.Device device,
      Precision precision,
      Approximations approximations,
      int capacity) {
    KernelSet kernels = KernelSet.of(device, device.hasShuffles());
    return DeviceWeights.bytes(config, tied, precision)
        + DeviceBuffers.bytes(
            config, approximations, capacity, splitRows(config, kernels, capacity));
  }

  /** How many sequences fit, at most {@code wanted}; at least 1, which may not fit either. */
  public static int fitting(
      GptConfig config,
      boolean tied,
      TornadoDevices.Device device,
      Precision precision,
      Approximations approximations,
      int wanted) {
    int capacity = wanted;
    while (capacity > 1
        && shortage(config, tied, device, precision, approximations, capacity).isPresent()) {
      capacity = capacity / 2;
    }
    return capacity;
  }

  /** Rows that split attention needs room for; 0 if it is not used. */
  static int splitRows(GptConfig config, KernelSet kernels, int capacity) {
    return ForwardTasks.splits(config, kernels) ? capacity : 0;
  }

  /**
   * Rejects a model that does not fit on the device.
   *
   * @throws GptException with the bytes needed, the bytes available and what to try
   */
  static void check(GptConfig config, boolean tied, TornadoEngine.Options options) {
    if (config.headSize() > Attention.MAX_HEAD_SIZE) {
      throw new GptException(
          ("the model's attention heads have %s channels, the kernels take at most %s;"
                  + " choose --device cpu")
              .formatted(config.headSize(), Attention.MAX_HEAD_SIZE));
    }
    Approximations approximations = options.approximations();
    if (approximations.kv() == KvPrecision.F16 && config.headSize() % 2 == 1) {
      throw new GptException(
          "kv-dtype f16: the model's attention heads have "
              + config.headSize()
              + " channels, an odd number; use f32");
    }
    TornadoDevices.Device device = options.device();
    if (approximations.fastPrefill() && !device.hasTensorCores()) {
      throw new GptException(
          "fast-prefill: needs tensor cores, through TornadoVM's cuda backend; %s (%s) has none"
              .formatted(device.id(), device.name()));
    }
    shortage(config, tied, device, options.precision(), approximations, options.capacity())
        .ifPresent(
            shortage -> {
              throw new GptException(shortage);
            });
  }

  /** Why a model does not fit, and what to try; empty if it fits. */
  public static Optional<String> shortage(
      GptConfig config,
      boolean tied,
      TornadoDevices.Device device,
      Precision precision,
      Approximations approximations,
      int capacity) {
    long needed = needed(config, tied, device, precision, approximations, capacity);
    long there = (long) (USABLE * device.memory());
    if (needed > there) {
      return Optional.of(
          "the model needs %s on the device, but %s (%s) has %s%s"
              .formatted(
                  Bytes.text(needed),
                  device.id(),
                  device.name(),
                  Bytes.text(device.memory()),
                  advice(precision, approximations, capacity)));
    }
    long array = largestArray(config, precision, approximations, capacity);
    if (array >= device.largestArray()) {
      return Optional.of(
          "the model's largest array has %s, but %s (%s) allows %s in one%s"
              .formatted(
                  Bytes.text(array),
                  device.id(),
                  device.name(),
                  Bytes.text(device.largestArray()),
                  advice(precision, approximations, capacity)));
    }
    return Optional.empty();
  }

  private static long largestArray(
      GptConfig config, Precision precision, Approximations approximations, int capacity) {
    return Math.max(
        precision.bytes(DeviceWeights.largest(config)),
        approximations.kv().bytes() * DeviceBuffers.cacheElements(config, capacity));
  }

  private static String advice(Precision precision, Approximations approximations, int capacity) {
    return "; choose %s%s%sa smaller model, or --device cpu"
        .formatted(
            capacity > 1 ? "fewer samples at once (--num-samples), " : "",
            precision == Precision.I8 ? "" : "--dtype i8, ",
            approximations.kv() == KvPrecision.F16 ? "" : "--kv-dtype f16, ");
  }
}
