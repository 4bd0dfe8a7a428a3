package gpt.load;

import gpt.GptException;
import gpt.backend.tornado.DeviceMemory;
import gpt.backend.tornado.Profile;
import gpt.backend.tornado.TornadoDevices;
import gpt.backend.tornado.TornadoEngine;
import gpt.backend.tornado.check.DeviceBandwidth;
import gpt.engine.LoadProgress;
import gpt.model.Approximations;
import gpt.model.GptConfig;
import gpt.model.Kernels;
import gpt.model.KvPrecision;
import gpt.model.Precision;
import gpt.model.Weights;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Chooses a TornadoVM device and loads a model to it. The class is loaded only if this process has
 * TornadoVM or its emulator.
 */
final class TornadoDeviceOpener {
  private final GptConfig config;
  private final Weights weights;
  private final Precision precision;
  private final DeviceChoice.Use use;
  private final Kernels kernels;
  private final Approximations approximations;
  private final boolean profile;
  private final TornadoDevices devices = TornadoDevices.find();
  private TornadoDevices.Device device;
  private String why;

  TornadoDeviceOpener(
      GptConfig config,
      Weights weights,
      Precision precision,
      DeviceChoice.Use use,
      Kernels kernels,
      Approximations approximations,
      boolean profile) {
    this.config = config;
    this.weights = weights;
    this.precision = precision;
    this.use = use;
    this.kernels = kernels;
    this.approximations = approximations;
    this.profile = profile;
  }

  /**
   * Chooses the first device that is not the host's CPU.
   *
   * @return why there is no suitable device; null if one was chosen
   */
  String chooseAccelerator() {
    if (!runs(precision)) {
      return precision.word() + " runs on the CPU backend only";
    }
    Optional<TornadoDevices.Device> accelerator = devices.accelerator();
    if (accelerator.isEmpty()) {
      return devices.whyNoAccelerator();
    }
    Optional<String> shortage = memory(accelerator.get().with(kernels)).shortage(1);
    if (shortage.isPresent()) {
      return shortage.get();
    }
    device = accelerator.get();
    why = "TornadoVM's first device that is not the host's CPU";
    return null;
  }

  /**
   * Chooses a device by name.
   *
   * @return this
   */
  TornadoDeviceOpener choose(Device asked) {
    if (asked.kind() == Device.Kind.GPU) {
      device = devices.gpu();
      why = "TornadoVM's first GPU";
    } else if (asked.backend() != null) {
      device = devices.named(asked.backend(), asked.index());
      why = null;
    } else {
      device = devices.first();
      why = asked.kind() == Device.Kind.EMULATOR ? null : "TornadoVM's default";
    }
    return this;
  }

  /** Whether kernels read such weights. */
  private static boolean runs(Precision precision) {
    return EnumSet.of(Precision.F32, Precision.F16, Precision.I8).contains(precision);
  }

  private DeviceMemory memory(TornadoDevices.Device on) {
    return new DeviceMemory(config, weights.tied(), on, precision, approximations);
  }

  /** Loads the model to the chosen device. */
  OpenedDevice open(LoadProgress progress) {
    device = device.with(kernels);
    if (!runs(precision)) {
      throw new GptException(
          "dtype "
              + precision.word()
              + ": the CPU backend only; TornadoVM devices support f32, f16, i8");
    }
    if (precision == Precision.F16 && !device.hasHalf()) {
      throw new GptException(
          "dtype f16: "
              + device.id()
              + " ("
              + device.name()
              + ") has no half precision; use f32 or i8");
    }
    if (approximations.kv() == KvPrecision.F16 && !device.hasHalf()) {
      throw new GptException(
          "kv-dtype f16: "
              + device.id()
              + " ("
              + device.name()
              + ") has no half precision; use f32");
    }
    int together = memory(device).fitting(use.sequences());
    if (!device.isEmulator()) {
      HostMemory.checkArrays(
          memory(device).needed(together),
          device.type() == TornadoDevices.Type.CPU,
          precision,
          HostMemory.available());
    }
    TornadoEngine engine =
        TornadoEngine.open(
            config,
            weights,
            new TornadoEngine.Options(
                device,
                precision,
                approximations,
                together,
                use.logprobs(),
                use.promptLength(),
                profile ? new Profile() : null,
                use.beams()),
            progress);
    return new OpenedDevice(
        engine,
        notes(together),
        Optional.empty(),
        device::name,
        device.isEmulator() ? null : () -> new CopyProbe(new DeviceBandwidth(device)),
        engine::profile);
  }

  private List<String> notes(int together) {
    List<String> notes = new ArrayList<>();
    if (device.isEmulator()) {
      notes.add(
          "device emulator: checks the kernels by running them in several orders of their work"
              + " items; for small models only");
    } else {
      notes.add(
          String.format(
              Locale.ROOT,
              "device tornado:%s: %s, %.1f GB%s",
              device.id(),
              device.name(),
              device.memory() / 1e9,
              why == null ? "" : " (" + why + ")"));
    }
    if (together < use.sequences()) {
      notes.add("the device has memory for " + together + " sequences at once");
    }
    return notes;
  }

  private record CopyProbe(DeviceBandwidth copy) implements Bandwidth {
    private static final int PASSES = 3;

    @Override
    public double measure() {
      return copy.measure(PASSES);
    }

    @Override
    public String description() {
      return "copying on the device";
    }

    @Override
    public void close() {
      copy.close();
    }
  }
}
