package gpt.cli.options;

import gpt.cli.ChildJvm;
import gpt.load.Device;
import gpt.load.DeviceChoice;
import gpt.model.Precision;
import java.util.Iterator;
import java.util.function.Function;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;

/** Where to compute, and how. */
@OptionGroup.In(OptionGroup.DEVICE)
public final class DeviceOptions {
  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      defaultValue = "auto",
      completionCandidates = Words.class,
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
  private int threads = DeviceChoice.defaultThreads();

  @Option(
      names = "--tornado-profile",
      description =
          "Show kernel time, launches and bytes moved for each token, or window of loss, on a"
              + " TornadoVM device.")
  private boolean profile;

  /** What was asked for. */
  public DeviceChoice choice() {
    return choice(device, precision, threads, profile);
  }

  public static DeviceChoice choice(
      Device device, Precision precision, int threads, boolean profile) {
    return new DeviceChoice(device, precision, threads, profile, ChildJvm.refusal());
  }

  /** Refuses what makes no sense on any machine. */
  public void check(Function<String, ParameterException> usage) {
    check(choice(), usage);
  }

  public static void check(DeviceChoice choice, Function<String, ParameterException> usage) {
    Device.Kind kind = choice.device().kind();
    if (choice.threads() < 1) {
      throw usage.apply("--threads: must be 1 or more, found " + choice.threads());
    }
    if (choice.threads() > DeviceChoice.MAX_THREADS) {
      throw usage.apply(
          "--threads: must be "
              + DeviceChoice.MAX_THREADS
              + " or fewer, found "
              + choice.threads());
    }
    if (kind == Device.Kind.REFERENCE && choice.precision() != Precision.F32) {
      throw usage.apply(
          "--dtype "
              + choice.precision().word()
              + ": --device reference computes from the stored weights");
    }
    if ((kind == Device.Kind.CPU || kind == Device.Kind.REFERENCE) && choice.profile()) {
      throw usage.apply("--tornado-profile: needs a TornadoVM device, not --device cpu");
    }
  }

  /**
   * Takes the host, also where TornadoVM has a device.
   *
   * @param why the device's own kernels will not do
   */
  public void onHost(String why, Function<String, ParameterException> usage) {
    switch (device.kind()) {
      case CPU, REFERENCE -> {}
      case AUTO -> device = Device.of(Device.Kind.CPU);
      case GPU, TORNADO, EMULATOR ->
          throw usage.apply(
              "--device " + device.kind().word() + ": " + why + "; take cpu or reference");
    }
  }

  /** Reads the option's value. */
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

  /** The words, for the completion script. */
  public static final class Words implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Device.words().iterator();
    }
  }
}
