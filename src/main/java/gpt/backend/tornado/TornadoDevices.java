package gpt.backend.tornado;

import gpt.GptException;
import gpt.kernels.runtime.Version;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import uk.ac.manchester.tornado.api.TornadoBackend;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;

/** The devices of every backend that TornadoVM has in this process. */
public final class TornadoDevices {
  private final List<Device> devices;

  private TornadoDevices(List<Device> devices) {
    this.devices = devices;
  }

  /**
   * One device.
   *
   * @param backend opencl, ptx, cuda, metal, …
   * @param backendIndex TornadoVM's number for the backend
   * @param index TornadoVM's number for the device in it
   * @param name what the driver calls it
   * @param platform what offers it
   * @param type what it is
   * @param memory bytes that it has
   * @param largestArray bytes that one array can have
   * @param hasHalf whether kernels can compute from half-precision weights
   * @param handle TornadoVM's own object
   */
  public record Device(
      String backend,
      int backendIndex,
      int index,
      String name,
      String platform,
      Type type,
      long memory,
      long largestArray,
      boolean hasHalf,
      TornadoDevice handle) {

    /** As it is named behind {@code --device tornado:}. */
    public String id() {
      return backend + ":" + index;
    }

    /** Whether it is the stand-in for TornadoVM. */
    public boolean isEmulator() {
      return TornadoVm.presence() == TornadoVm.Presence.EMULATOR;
    }

    /** Which kernels suit it. */
    Version.Target target() {
      return type == Type.CPU ? Version.Target.CPU : Version.Target.GPU;
    }

    /** Whether a graph's launches can be recorded once and replayed. */
    boolean hasCudaGraphs() {
      return backend.equals("ptx") || backend.equals("cuda");
    }
  }

  /** What a device is. */
  public enum Type {
    /** The host's own processor, behind OpenCL. */
    CPU,
    /** A graphics processor. */
    GPU,
    /** Anything else. */
    OTHER;

    private static Type of(TornadoDeviceType type) {
      return switch (type) {
        case CPU -> CPU;
        case GPU -> GPU;
        default -> OTHER;
      };
    }
  }

  /**
   * Looks at all of them.
   *
   * @throws GptException where a driver cannot be loaded
   */
  public static TornadoDevices find() {
    TornadoVm.prepare();
    return TornadoVm.presence() == TornadoVm.Presence.TORNADOVM
        ? NativeOutput.dropping(TornadoDevices::look)
        : look();
  }

  private static TornadoDevices look() {
    try {
      List<Device> all = new ArrayList<>();
      List<TornadoBackend> backends = TornadoExecutionPlan.getTornadoDeviceMap().getAllBackends();
      for (int b = 0; b < backends.size(); b++) {
        TornadoBackend backend = backends.get(b);
        for (int d = 0; d < backend.getNumDevices(); d++) {
          all.add(device(backend.getBackendType(), b, d, backend.getDevice(d)));
        }
      }
      return new TornadoDevices(List.copyOf(all));
    } catch (RuntimeException | LinkageError e) {
      if (TornadoVm.findsNoDevice(e)) {
        return new TornadoDevices(List.of());
      }
      throw TornadoVm.failure("looking for devices", e);
    }
  }

  private static Device device(
      TornadoVMBackendType type, int backendIndex, int index, TornadoDevice handle) {
    return new Device(
        type.name().toLowerCase(Locale.ROOT),
        backendIndex,
        index,
        handle.getPhysicalDevice().getDeviceName().strip(),
        handle.getPlatformName().strip(),
        Type.of(handle.getDeviceType()),
        handle.getMaxGlobalMemory(),
        handle.getMaxAllocMemory(),
        hasHalf(type, handle),
        handle);
  }

  /**
   * OpenCL says so in its list of extensions, which NVIDIA's leaves half precision out of; the
   * other backends' devices all have it.
   */
  private static boolean hasHalf(TornadoVMBackendType type, TornadoDevice handle) {
    return type != TornadoVMBackendType.OPENCL
        || TornadoVm.presence() == TornadoVm.Presence.EMULATOR
        || handle.getPlatformName().contains("NVIDIA")
        || handle.getPhysicalDevice().getDeviceInfo().contains("cl_khr_fp16");
  }

  /** All of them, in TornadoVM's order: its own default first. */
  public List<Device> all() {
    return devices;
  }

  /** The first that is not the host's own processor: what {@code auto} takes. */
  public Optional<Device> accelerator() {
    return devices.stream().filter(d -> d.type() != Type.CPU).findFirst();
  }

  /** Why there is no {@link #accelerator}, where there is none. */
  public String whyNoAccelerator() {
    return devices.isEmpty()
        ? "TornadoVM finds no device"
        : "TornadoVM has no device but the host's own processor";
  }

  /** The first GPU: what {@code gpu} takes. */
  public Device gpu() {
    first(); // where there is none at all, says what to install
    return devices.stream()
        .filter(d -> d.type() == Type.GPU)
        .findFirst()
        .orElseThrow(
            () ->
                new GptException(
                    "there is no GPU among TornadoVM's devices: "
                        + described()
                        + "; --device tornado:BACKEND:DEVICE takes one of these, --device cpu"
                        + " none"));
  }

  /** TornadoVM's default device, whatever it is: what {@code tornado} takes. */
  public Device first() {
    if (devices.isEmpty()) {
      throw new GptException(
          "TornadoVM finds no device; install a driver (on Debian and Ubuntu pocl-opencl-icd makes"
              + " the CPU one)");
    }
    return devices.get(0);
  }

  /**
   * The device with a name like {@code opencl:0} or {@code 0:0}, as {@code gpt devices} and {@code
   * tornado --devices} print them.
   */
  public Device named(String backend, int index) {
    return devices.stream()
        .filter(d -> d.index() == index)
        .filter(d -> d.backend().equals(backend) || backend.equals("" + d.backendIndex()))
        .findFirst()
        .orElseThrow(
            () ->
                new GptException(
                    "there is no device " + backend + ":" + index + "; there is " + described()));
  }

  private String described() {
    if (devices.isEmpty()) {
      return "none";
    }
    return String.join(
        ", ",
        devices.stream().map(d -> "%s (%s, %s)".formatted(d.id(), d.name(), d.type())).toList());
  }
}
