package gpt.backend.tornado;

import gpt.GptException;
import gpt.kernels.Attention;
import gpt.model.Bytes;
import gpt.model.GptConfig;
import gpt.model.Precision;
import java.util.Optional;

/** What a model needs on a device, and whether it is there. */
public final class DeviceMemory {
  /** Part of a device's memory that a model may take: drivers and displays use some. */
  private static final double USABLE = 0.95;

  private DeviceMemory() {}

  /**
   * Bytes for weights, keys and values of so many contexts, and activations.
   *
   * @param tied whether lm_head's weights are wte's
   */
  public static long needed(
      GptConfig config,
      boolean tied,
      TornadoDevices.Device device,
      Precision precision,
      int samples) {
    KernelSet kernels = KernelSet.of(device.target());
    return DeviceWeights.bytes(config, tied, precision)
        + DeviceBuffers.bytes(config, kernels, samples, splitRows(config, kernels, samples));
  }

  /** How many of the wanted contexts fit at once; at least 1, which may not fit either. */
  public static int fitting(
      GptConfig config,
      boolean tied,
      TornadoDevices.Device device,
      Precision precision,
      int wanted) {
    int samples = wanted;
    while (samples > 1 && shortage(config, tied, device, precision, samples).isPresent()) {
      samples = samples / 2;
    }
    return samples;
  }

  /** Rows that split attention has room for. */
  static int splitRows(GptConfig config, KernelSet kernels, int samples) {
    return TornadoForward.splits(config, kernels) ? samples : 0;
  }

  /** Refuses a model that does not fit, saying what is needed, what there is and what to try. */
  static void check(GptConfig config, boolean tied, TornadoEngine.Options options) {
    if (config.headSize() > Attention.MAX_HEAD_SIZE) {
      throw new GptException(
          "the model's heads have "
              + config.headSize()
              + " channels, and the kernels hold at most "
              + Attention.MAX_HEAD_SIZE
              + "; take --device cpu");
    }
    shortage(config, tied, options.device(), options.precision(), options.samples())
        .ifPresent(
            shortage -> {
              throw new GptException(shortage);
            });
  }

  /** Why a model does not fit, with what to try; empty where it does. */
  public static Optional<String> shortage(
      GptConfig config,
      boolean tied,
      TornadoDevices.Device device,
      Precision precision,
      int samples) {
    long needed = needed(config, tied, device, precision, samples);
    long there = (long) (USABLE * device.memory());
    if (needed > there) {
      return Optional.of(
          "the model needs "
              + Bytes.text(needed)
              + " on the device, and "
              + device.id()
              + " ("
              + device.name()
              + ") has "
              + Bytes.text(device.memory())
              + advice(precision, samples));
    }
    long array = largestArray(config, precision, samples);
    if (array >= device.largestArray()) {
      return Optional.of(
          "the model's largest array has "
              + Bytes.text(array)
              + ", and "
              + device.id()
              + " ("
              + device.name()
              + ") allows "
              + Bytes.text(device.largestArray())
              + " in one"
              + advice(precision, samples));
    }
    return Optional.empty();
  }

  private static long largestArray(GptConfig config, Precision precision, int samples) {
    return Math.max(
        DeviceWeights.largest(config) * precision.bytes(),
        Float.BYTES * DeviceBuffers.cacheElements(config, samples));
  }

  private static String advice(Precision precision, int samples) {
    return "; take "
        + (samples > 1 ? "fewer samples at once (--num-samples), " : "")
        + (precision == Precision.I8 ? "" : "--dtype i8, ")
        + "a smaller model, or --device cpu";
  }
}
