package gpt.cli.options;

import gpt.load.Device;
import gpt.load.DeviceChoice;
import gpt.model.Approximations;
import gpt.model.Kernels;
import gpt.model.KvPrecision;
import gpt.model.Precision;
import java.util.Iterator;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The device, its precision and its threads. */
@OptionGroup.In(OptionGroup.DEVICE)
public final class DeviceOptions {
  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      defaultValue = "auto",
      completionCandidates = Words.class,
      description = {
        "Where to compute: cpu; gpu (TornadoVM's first GPU); tornado (TornadoVM's default device);"
            + " tornado:BACKEND:DEVICE (as gpt devices lists them); auto (TornadoVM's first device"
            + " that is not the host's CPU, or cpu if there is none); reference (plain Java in"
            + " double precision, slow); emulator (checks TornadoVM's kernels in Java, slow).",
        "Default: ${DEFAULT-VALUE}"
      })
  private Device device;

  @Option(
      names = "--dtype",
      paramLabel = "f32|bf16|f16|i8|q4|stored",
      defaultValue = "f32",
      completionCandidates = Choice.Precisions.class,
      description =
          "Precision of the weight matrices in memory: bf16, q4 and stored on the cpu only; i8 has"
              + " one scale per row, q4 (4 bits) one per 32 weights; stored keeps each matrix in"
              + " its file's type, such as a GGUF file's Q4_K. Default: ${DEFAULT-VALUE}")
  private Precision precision;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads to use on the cpu. Default: one per core")
  private int threads = DeviceChoice.defaultThreads();

  @Option(
      names = "--kernels",
      paramLabel = "auto|gpu|cpu",
      defaultValue = "auto",
      completionCandidates = Choice.KernelsWords.class,
      description =
          "Which versions of the kernels a TornadoVM device runs: auto is those for its type; all"
              + " are correct on every device. Default: ${DEFAULT-VALUE}")
  private Kernels kernels;

  @Option(
      names = "--kv-dtype",
      paramLabel = "f32|f16",
      defaultValue = "f32",
      completionCandidates = Choice.KvPrecisions.class,
      description =
          "Precision of the keys and values on a TornadoVM device: f16 halves their memory and"
              + " changes logits a little. Default: ${DEFAULT-VALUE}")
  private KvPrecision kv;

  @Option(
      names = "--fast-prefill",
      description =
          "Compute prompts on a GPU's tensor cores, from halves: logits change a little, and with"
              + " how a prompt is divided. Needs TornadoVM's cuda backend.")
  private boolean fastPrefill;

  @Option(
      names = "--tornado-profile",
      description =
          "Print kernel time, kernel launches and bytes copied for each token (for each window of"
              + " gpt loss) on a TornadoVM device.")
  private boolean profile;

  /** The device that the options choose. */
  public DeviceChoice choice() {
    Approximations approximations = new Approximations(kv, fastPrefill);
    return choice(device, precision, threads, kernels, approximations, profile);
  }

  /** The choice for these values of the options. */
  public static DeviceChoice choice(
      Device device,
      Precision precision,
      int threads,
      Kernels kernels,
      Approximations approximations,
      boolean profile) {
    return new DeviceChoice(device, precision, threads, kernels, approximations, profile);
  }

  /** Refuses values and combinations that are wrong on every machine. */
  public void check() {
    check(choice());
  }

  /** As {@link #check()}, for one choice. */
  public static void check(DeviceChoice choice) {
    Device.Kind kind = choice.device().kind();
    Numbers.atLeast(1, "--threads", choice.threads());
    if (choice.threads() > DeviceChoice.MAX_THREADS) {
      throw new UsageException(
          "--threads: must be "
              + DeviceChoice.MAX_THREADS
              + " or fewer, found "
              + choice.threads());
    }
    if (kind == Device.Kind.REFERENCE && choice.precision() != Precision.F32) {
      throw new UsageException(
          "--dtype "
              + choice.precision().word()
              + ": not for --device reference, which computes from the stored weights");
    }
    if (kind == Device.Kind.CPU || kind == Device.Kind.REFERENCE) {
      if (choice.profile()) {
        throw new UsageException(
            "--tornado-profile: needs a TornadoVM device, found --device " + kind.word());
      }
      if (choice.kernels() != Kernels.AUTO) {
        throw new UsageException(
            "--kernels: needs a TornadoVM device, found --device " + kind.word());
      }
      Optional<String> approximation = choice.approximations().option();
      if (approximation.isPresent()) {
        throw new UsageException(
            approximation.get() + ": needs a TornadoVM device, found --device " + kind.word());
      }
    }
  }

  /**
   * Chooses the host even if TornadoVM has a device.
   *
   * @param why why TornadoVM's kernels cannot be used
   */
  public void onHost(String why) {
    switch (device.kind()) {
      case CPU, REFERENCE -> {}
      case AUTO -> device = Device.of(Device.Kind.CPU);
      case GPU, TORNADO, EMULATOR ->
          throw new UsageException(
              "--device " + device.kind().word() + ": " + why + "; use cpu or reference");
    }
  }

  /** Converts the value of {@code --device}. */
  static final class Converter implements ITypeConverter<Device> {
    @Override
    public Device convert(String value) {
      try {
        return Device.parse(value);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  /** The words of {@code --device}, for the completion script. */
  public static final class Words implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Device.words().iterator();
    }
  }
}
