package gpt.cli;

import gpt.GptException;
import gpt.backend.cpu.CpuEngine;
import gpt.backend.cpu.CpuKernelsProvider;
import gpt.backend.cpu.ReadBandwidth;
import gpt.backend.reference.ReferenceEngine;
import gpt.backend.tornado.TornadoVm;
import gpt.bench.Bandwidth;
import gpt.bench.Processor;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.Weights;
import gpt.sampling.SamplingParameters;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Where to compute, and how. */
@OptionGroup.In(OptionGroup.DEVICE)
final class DeviceOptions {
  /** More than the cores of any machine that this runs on: a slip, which would exhaust it. */
  private static final int MOST_THREADS = 1024;

  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      defaultValue = "auto",
      completionCandidates = Device.Words.class,
      description = {
        "Where to compute: cpu; gpu, TornadoVM's first; tornado, its default device;"
            + " tornado:BACKEND:DEVICE, as gpt devices lists them; auto, TornadoVM's if it has one"
            + " of its own, else cpu; reference, plain, slow and in double precision; emulator,"
            + " which checks the kernels.",
        "Default: ${DEFAULT-VALUE}"
      })
  private Device device;

  @Option(
      names = "--dtype",
      paramLabel = "f32|bf16|f16|i8",
      defaultValue = "f32",
      completionCandidates = Choice.Precisions.class,
      description =
          "How the weights' matrices are kept: bf16 on the cpu only, i8 with a factor for each row."
              + " Default: ${DEFAULT-VALUE}")
  private Precision precision;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads to compute with on the cpu. Default: one for each core")
  private int threads = Math.min(MOST_THREADS, Runtime.getRuntime().availableProcessors());

  @Option(
      names = "--tornado-profile",
      description =
          "Show kernel time, launches and bytes moved for each token, or window of loss, on a"
              + " TornadoVM device.")
  private boolean profile;

  /** As if they had been given. */
  static DeviceOptions of(Device device, Precision precision, int threads, boolean profile) {
    DeviceOptions options = new DeviceOptions();
    options.device = device;
    options.precision = precision;
    options.threads = threads;
    options.profile = profile;
    return options;
  }

  /** What {@code --threads} is where it is not given. */
  static int defaultThreads() {
    return new DeviceOptions().threads;
  }

  /** How matrices are kept. */
  Precision precision() {
    return precision;
  }

  /** Threads of the cpu engine. */
  int threads() {
    return threads;
  }

  /** Refuses what makes no sense on any machine. */
  void check(Function<String, ParameterException> usage) {
    if (threads < 1) {
      throw usage.apply("--threads: must be 1 or more, found " + threads);
    }
    if (threads > MOST_THREADS) {
      throw usage.apply("--threads: must be " + MOST_THREADS + " or fewer, found " + threads);
    }
    boolean host = device.kind() == Device.Kind.CPU || device.kind() == Device.Kind.REFERENCE;
    if (device.kind() == Device.Kind.REFERENCE && precision != Precision.F32) {
      throw usage.apply(
          "--dtype " + precision.word() + ": --device reference computes from the stored weights");
    }
    if (host && profile) {
      throw usage.apply("--tornado-profile: needs a TornadoVM device, not --device cpu");
    }
  }

  /**
   * Takes the host, also where TornadoVM has a device.
   *
   * @param why the device's own kernels will not do
   */
  void onHost(String why, Function<String, ParameterException> usage) {
    switch (device.kind()) {
      case CPU, REFERENCE -> {}
      case AUTO -> device = new Device(Device.Kind.CPU, null, 0);
      case GPU, TORNADO, EMULATOR ->
          throw usage.apply(
              "--device " + Choice.word(device.kind()) + ": " + why + "; take cpu or reference");
    }
  }

  /**
   * What a device is wanted for.
   *
   * @param samples texts that are wanted; as many as fit are generated together
   * @param beams whether they are beams of one search
   * @param sampling how their tokens will be drawn
   * @param logprobs log-probabilities that are wanted with each
   */
  record Use(int samples, boolean beams, SamplingParameters sampling, int logprobs) {
    /** For one context whose logits come to the host. */
    static final Use SESSION = new Use(1, false, SamplingParameters.greedy(), 0);
  }

  /**
   * Puts a model on the device.
   *
   * @param promptLength tokens that are processed at once
   */
  OpenedDevice open(
      GptConfig config, Weights weights, Use use, int promptLength, LoadProgress progress) {
    TornadoVm.Presence presence = TornadoVm.presence();
    return switch (device.kind()) {
      case CPU -> cpu(config, weights, progress, null);
      case REFERENCE ->
          new OpenedDevice(
              new ReferenceEngine(config, weights),
              List.of(),
              Processor::name,
              () -> new ReadProbe(1),
              null);
      case AUTO -> {
        if (presence != TornadoVm.Presence.TORNADOVM) {
          yield cpu(config, weights, progress, "TornadoVM is not loaded");
        }
        TornadoDeviceOpener tornado = opener(config, weights, use);
        String refusal = tornado.chooseAccelerator();
        yield refusal == null
            ? tornado.open(promptLength, progress)
            : cpu(config, weights, progress, refusal);
      }
      case GPU, TORNADO -> {
        if (presence != TornadoVm.Presence.TORNADOVM) {
          throw new GptException(
              "--device "
                  + Choice.word(device.kind())
                  + " needs TornadoVM, and this process does not run under it: take scripts/gpt, or"
                  + " tornado -jar gpt.jar; ./setup-tornado.sh installs it");
        }
        TornadoDeviceOpener tornado = opener(config, weights, use);
        tornado.choose(device);
        yield tornado.open(promptLength, progress);
      }
      case EMULATOR -> {
        if (presence != TornadoVm.Presence.EMULATOR) {
          throw new GptException(
              "--device emulator needs the emulator in place of TornadoVM: take scripts/gpt"
                  + " --device emulator, which puts target/gpt-emulator.jar on the class path");
        }
        TornadoDeviceOpener tornado = opener(config, weights, use);
        tornado.choose(device);
        yield tornado.open(promptLength, progress);
      }
    };
  }

  private TornadoDeviceOpener opener(GptConfig config, Weights weights, Use use) {
    return new TornadoDeviceOpener(config, weights, precision, use, profile);
  }

  private OpenedDevice cpu(
      GptConfig config, Weights weights, LoadProgress progress, String whyNotTornado) {
    if (profile) {
      throw new GptException("--tornado-profile needs a TornadoVM device, and " + whyNotTornado);
    }
    HostMemory.check(config, weights.tied(), precision, HostMemory.available());
    List<String> notes = new ArrayList<>();
    if (whyNotTornado != null) {
      notes.add("running on the CPU (" + whyNotTornado + ")");
    }
    String refusal = CpuKernelsProvider.refusal();
    if (refusal != null) {
      notes.add(
          "slower than it could be, without vector instructions: "
              + ChildJvm.refusal().orElse(refusal));
    }
    return new OpenedDevice(
        CpuEngine.open(config, weights, precision, threads, progress::packed),
        notes,
        Processor::name,
        () -> new ReadProbe(threads),
        null);
  }

  /** All threads read. */
  private static final class ReadProbe implements Bandwidth {
    private static final int PASSES = 3;

    private final int threads;
    private final ReadBandwidth reading;

    ReadProbe(int threads) {
      this.threads = threads;
      reading = new ReadBandwidth(threads);
    }

    @Override
    public double measure() {
      return reading.measure(PASSES);
    }

    @Override
    public String description() {
      return "reading with " + (threads == 1 ? "1 thread" : threads + " threads");
    }

    @Override
    public void close() {
      reading.close();
    }
  }
}
