package gpt.load;

import gpt.GptException;
import gpt.backend.cpu.CpuEngine;
import gpt.backend.cpu.CpuKernelsProvider;
import gpt.backend.cpu.ReadBandwidth;
import gpt.backend.reference.ReferenceEngine;
import gpt.backend.tornado.TornadoVm;
import gpt.engine.LoadProgress;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.Weights;
import gpt.sampling.SamplingParameters;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Where a model is to run, and how.
 *
 * @param device which device
 * @param precision how the weights' matrices are kept
 * @param threads workers of the CPU's engine, at least 1
 * @param profile whether kernels and copies of a TornadoVM device are counted
 * @param noVectors why this process has no Vector API, where its launcher knows better than {@link
 *     CpuKernelsProvider}
 */
public record DeviceChoice(
    Device device, Precision precision, int threads, boolean profile, Optional<String> noVectors) {
  /** More than any machine has cores that this runs on: a slip, which would exhaust it. */
  public static final int MAX_THREADS = 1024;

  /** One for each core. */
  public static int defaultThreads() {
    return Math.min(MAX_THREADS, Runtime.getRuntime().availableProcessors());
  }

  /**
   * What a device is wanted for.
   *
   * @param sequences that are wanted at once; as many as fit are decoded together
   * @param beams whether they are beams of one search
   * @param sampling how their tokens will be drawn
   * @param logprobs log-probabilities that are wanted with each
   * @param promptLength tokens that are processed at once
   */
  public record Use(
      int sequences, boolean beams, SamplingParameters sampling, int logprobs, int promptLength) {
    /** One sequence whose logits come to the host. */
    public static final Use LOGITS = new Use(1, false, SamplingParameters.greedy(), 0, 1);

    /** The same for a prompt of {@code tokens}. */
    public Use ofPrompt(int tokens) {
      return new Use(sequences, beams, sampling, logprobs, Math.max(1, tokens));
    }
  }

  /**
   * Puts a model on the device.
   *
   * @throws GptException where there is no such device, or the model does not fit on it
   */
  public OpenedDevice open(GptConfig config, Weights weights, Use use, LoadProgress progress) {
    TornadoVm.Presence presence = TornadoVm.presence();
    return switch (device.kind()) {
      case CPU -> cpu(config, weights, progress, null);
      case REFERENCE ->
          new OpenedDevice(
              new ReferenceEngine(config, weights),
              List.of(),
              Optional.empty(),
              Processor::name,
              () -> new ReadProbe(1),
              null);
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
              "--device "
                  + device.kind().word()
                  + " needs TornadoVM, and this process does not run under it: take scripts/gpt, or"
                  + " tornado -jar gpt.jar; ./setup-tornado.sh installs it");
        }
        yield opener(config, weights, use).choose(device).open(progress);
      }
      case EMULATOR -> {
        if (presence != TornadoVm.Presence.EMULATOR) {
          throw new GptException(
              "--device emulator needs the emulator in place of TornadoVM: take scripts/gpt"
                  + " --device emulator, which puts target/gpt-emulator.jar on the class path");
        }
        yield opener(config, weights, use).choose(device).open(progress);
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
    Optional<String> slow =
        Optional.ofNullable(CpuKernelsProvider.fallbackReason())
            .map(
                why ->
                    "slower than it could be, without vector instructions: "
                        + noVectors.orElse(why));
    slow.ifPresent(notes::add);
    return new OpenedDevice(
        CpuEngine.open(config, weights, precision, threads, progress::loaded),
        notes,
        slow,
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
