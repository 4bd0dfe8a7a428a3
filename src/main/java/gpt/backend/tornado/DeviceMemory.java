package gpt.backend.tornado;

import gpt.GptException;
import gpt.kernels.Attention;
import gpt.model.Approximations;
import gpt.model.Bytes;
import gpt.model.GptConfig;
import gpt.model.KvPrecision;
import gpt.model.Precision;
import java.util.Optional;

/**
 * How much memory a model needs on a device, and whether the device has it.
 *
 * @param tied whether lm_head shares wte's weights
 */
public record DeviceMemory(
    GptConfig config,
    boolean tied,
    TornadoDevices.Device device,
    Precision precision,
    Approximations approximations) {
  /** Fraction of the device's memory that a model may use; drivers and displays need the rest. */
  private static final double USABLE = 0.95;

  /** Bytes of weights, activations, and keys and values of {@code capacity} sequences. */
  public long needed(int capacity) {
    KernelSet kernels = KernelSet.of(device, device.hasShuffles());
    int split = splitRows(config, kernels, capacity);
    return DeviceWeights.bytes(config, tied, precision)
        + DeviceBuffers.bytes(config, approximations, capacity, split);
  }

  /** How many sequences fit, at most {@code wanted}; at least 1, which may not fit either. */
  public int fitting(int wanted) {
    int capacity = wanted;
    while (capacity > 1 && shortage(capacity).isPresent()) {
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
  void check(int capacity) {
    if (config.headSize() > Attention.MAX_HEAD_SIZE) {
      throw new GptException(
          ("the model's attention heads have %s channels, the kernels take at most %s;"
                  + " choose --device cpu")
              .formatted(config.headSize(), Attention.MAX_HEAD_SIZE));
    }
    if (approximations.kv() == KvPrecision.F16 && config.headSize() % 2 == 1) {
      throw new GptException(
          "kv-dtype f16: the model's attention heads have "
              + config.headSize()
              + " channels, an odd number; use f32");
    }
    if (approximations.fastPrefill() && !device.hasTensorCores()) {
      throw new GptException(
          "fast-prefill: needs tensor cores, through TornadoVM's cuda backend; %s (%s) has none"
              .formatted(device.id(), device.name()));
    }
    shortage(capacity)
        .ifPresent(
            shortage -> {
              throw new GptException(shortage);
            });
  }

  /** Why a model does not fit, and what to try; empty if it fits. */
  public Optional<String> shortage(int capacity) {
    long needed = needed(capacity);
    long there = (long) (USABLE * device.memory());
    if (needed > there) {
      return Optional.of(
          "the model needs %s on the device, but %s (%s) has %s%s"
              .formatted(
                  Bytes.text(needed),
                  device.id(),
                  device.name(),
                  Bytes.text(device.memory()),
                  advice(capacity)));
    }
    long array = largestArray(capacity);
    if (array >= device.largestArray()) {
      return Optional.of(
          "the model's largest array has %s, but %s (%s) allows %s in one%s"
              .formatted(
                  Bytes.text(array),
                  device.id(),
                  device.name(),
                  Bytes.text(device.largestArray()),
                  advice(capacity)));
    }
    return Optional.empty();
  }

  private long largestArray(int capacity) {
    return Math.max(
        precision.bytes(DeviceWeights.largest(config)),
        approximations.kv().bytes() * DeviceBuffers.cacheElements(config, capacity));
  }

  private String advice(int capacity) {
    return "; choose %s%s%sa smaller model, or --device cpu"
        .formatted(
            capacity > 1 ? "fewer samples at once (--num-samples), " : "",
            precision == Precision.I8 ? "" : "--dtype i8, ",
            approximations.kv() == KvPrecision.F16 ? "" : "--kv-dtype f16, ");
  }
}
