package gpt.load;

import gpt.GptException;
import gpt.backend.cpu.CpuEngine;
import gpt.backend.cpu.ReadBandwidth;
import gpt.backend.cpu.kernels.CpuKernelsProvider;
import gpt.backend.reference.ReferenceEngine;
import gpt.backend.tornado.TornadoVm;
import gpt.engine.LoadProgress;
import gpt.model.Approximations;
import gpt.model.GptConfig;
import gpt.model.Kernels;
import gpt.model.Precision;
import gpt.model.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Which device a model is loaded to, and with which settings.
 *
 * @param device the device
 * @param precision of the weight matrices
 * @param threads threads of the CPU backend, at least 1
 * @param kernels which versions of the kernels a TornadoVM device runs
 * @param approximations what a TornadoVM device may round further than usual
 * @param profile whether a TornadoVM device counts and times kernels and copies
 */
public record DeviceChoice(
    Device device,
    Precision precision,
    int threads,
    Kernels kernels,
    Approximations approximations,
    boolean profile) {
  /** A larger number is taken for a typing error: so many threads would exhaust the machine. */
  public static final int MAX_THREADS = 1024;

  /** Without approximations. */
  public DeviceChoice(
      Device device, Precision precision, int threads, Kernels kernels, boolean profile) {
    this(device, precision, threads, kernels, Approximations.NONE, profile);
  }

  /** One thread per core. */
  public static int defaultThreads() {
    return Math.min(MAX_THREADS, Runtime.getRuntime().availableProcessors());
  }

  /**
   * The planned use of a device, which determines the size of its buffers.
   *
   * @param sequences number of sequences; as many as fit in memory are decoded together
   * @param beams whether the sequences are the beams of one search
   * @param logprobs number of log-probabilities per token
   * @param promptLength prompt tokens that are processed in one step
   */
  public record Use(int sequences, boolean beams, int logprobs, int promptLength) {
    /** One sequence whose logits are copied to the host. */
    public static final Use LOGITS = new Use(1, false, 0, 1);

    /** The same use with a prompt of {@code tokens} tokens. */
    public Use ofPrompt(int tokens) {
      return new Use(sequences, beams, logprobs, Math.max(1, tokens));
    }
  }

  /**
   * Loads a model to the device.
   *
   * @throws GptException if the device does not exist or has too little memory for the model
   */
  public OpenedDevice open(GptConfig config, Weights weights, Use use, LoadProgress progress) {
    TornadoVm.Presence presence = TornadoVm.presence();
    return switch (device.kind()) {
      case CPU -> cpu(config, weights, progress, null);
      case REFERENCE -> {
        refuseApproximations("device reference is not one");
        yield new OpenedDevice(
            new ReferenceEngine(config, weights),
            List.of(),
            Optional.empty(),
            Processor::name,
            () -> new ReadProbe(1),
            null);
      }
      case AUTO -> {
        if (presence != TornadoVm.Presence.TORNADOVM) {
          yield cpu(config, weights, progress, "TornadoVM is not loaded");
        }
        TornadoDeviceOpener tornado = opener(config, weights, use);
        String refusal = tornado.chooseAccelerator();
        yield refusal == null ? tornado.open(progress) : cpu(config, weights, progress, refusal);
      }
      case GPU, TORNADO -> {
        if (presence != TornadoVm.Presence.TORNADOVM) {
          throw new GptException(
              "device "
                  + device.kind().word()
                  + ": this process was started without TornadoVM; run scripts/gpt or tornado -jar"
                  + " gpt.jar (./setup-tornado.sh installs TornadoVM)");
        }
        yield opener(config, weights, use).choose(device).open(progress);
      }
      case EMULATOR -> {
        if (presence != TornadoVm.Presence.EMULATOR) {
          throw new GptException(
              "device emulator: this process was started without the emulator; run scripts/gpt"
                  + " --device emulator, which puts target/gpt-emulator.jar on the class path");
        }
        yield opener(config, weights, use).choose(device).open(progress);
      }
    };
  }

  private TornadoDeviceOpener opener(GptConfig config, Weights weights, Use use) {
    return new TornadoDeviceOpener(
        config, weights, precision, use, kernels, approximations, profile);
  }

  private OpenedDevice cpu(
      GptConfig config, Weights weights, LoadProgress progress, String whyNotTornado) {
    if (profile) {
      throw new GptException("--tornado-profile needs a TornadoVM device: " + whyNotTornado);
    }
    if (kernels != Kernels.AUTO) {
      throw new GptException("--kernels needs a TornadoVM device: " + whyNotTornado);
    }
    refuseApproximations(whyNotTornado == null ? "device cpu is not one" : whyNotTornado);
    HostMemory.check(p -> HostMemory.weights(weights, p), precision);
    List<String> notes = new ArrayList<>();
    if (whyNotTornado != null) {
      notes.add("running on the CPU (" + whyNotTornado + ")");
    }
    Optional<String> slow =
        Optional.ofNullable(CpuKernelsProvider.fallbackReason())
            .map(why -> "slower than it could be, without vector instructions: " + why);
    slow.ifPresent(notes::add);
    return new OpenedDevice(
        CpuEngine.open(config, weights, precision, threads, progress::loaded),
        notes,
        slow,
        Processor::name,
        () -> new ReadProbe(threads),
        null);
  }

  private void refuseApproximations(String why) {
    approximations
        .option()
        .ifPresent(
            option -> {
              throw new GptException(option + " needs a TornadoVM device: " + why);
            });
  }

  /** Measures reading by all threads. */
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
