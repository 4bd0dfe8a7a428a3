package gpt.backend.tornado;

import gpt.GptException;
import gpt.kernels.runtime.Matrix;
import gpt.kernels.runtime.Version;
import gpt.model.Kernels;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import uk.ac.manchester.tornado.api.TornadoBackend;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;

/** The devices of all TornadoVM backends in this process. */
public final class TornadoDevices {
  private final List<Device> devices;

  TornadoDevices(List<Device> devices) {
    this.devices = devices;
  }

  /**
   * One device.
   *
   * @param backend opencl, ptx, cuda, metal, …
   * @param backendIndex TornadoVM's index of the backend
   * @param index TornadoVM's index of the device in its backend
   * @param name the driver's name for the device
   * @param platform name of the OpenCL platform or driver
   * @param type CPU, GPU or other
   * @param memory global memory in bytes
   * @param largestArray largest allocation in bytes
   * @param hasHalf whether kernels can read half-precision weights
   * @param handle TornadoVM's object for the device
   * @param kernels which versions of the kernels it runs
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
      TornadoDevice handle,
      Kernels kernels) {

    /** The device with other versions of the kernels. */
    public Device with(Kernels versions) {
      return new Device(
          backend,
          backendIndex,
          index,
          name,
          platform,
          type,
          memory,
          largestArray,
          hasHalf,
          handle,
          versions);
    }

    /** Its name after {@code --device tornado:}, such as {@code opencl:0}. */
    public String id() {
      return backend + ":" + index;
    }

    /** Whether it is the emulator's device. */
    public boolean isEmulator() {
      return TornadoVm.presence() == TornadoVm.Presence.EMULATOR;
    }

    /** Which versions of the kernels it runs. */
    public Version.Target target() {
      return switch (kernels) {
        case GPU -> Version.Target.GPU;
        case CPU -> Version.Target.CPU;
        case AUTO -> type == Type.CPU ? Version.Target.CPU : Version.Target.GPU;
      };
    }

    /**
     * Whether the backend should add up the values of a warp with shuffles ({@code simdSum}); when
     * an engine opens, {@link Shuffles} checks that it does.
     */
    public boolean hasShuffles() {
      return isEmulator() || Set.of("cuda", "ptx", "metal").contains(backend);
    }

    /** Whether kernels can use tensor cores. */
    public boolean hasTensorCores() {
      return isEmulator() || backend.equals("cuda");
    }

    /**
     * Prepares the kernels for this device; call it before a kernel's class is loaded. Kernels load
     * two halves at once if the first device needs no other code.
     */
    public void prepareKernels() {
      if (System.getProperty(Matrix.HALF_PAIRS) == null) {
        System.setProperty(Matrix.HALF_PAIRS, "" + (isEmulator() || backend.equals("cuda")));
      }
    }

    /** Whether the backend supports CUDA graphs: launches recorded once and replayed. */
    boolean hasCudaGraphs() {
      return backend.equals("ptx") || backend.equals("cuda");
    }
  }

  /** A kind of device. */
  public enum Type {
    /** The host's processor, through OpenCL. */
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
   * Lists all devices.
   *
   * @throws GptException where a driver cannot be loaded
   */
  public static TornadoDevices find() {
    TornadoVm.prepare();
    return TornadoVm.presence() == TornadoVm.Presence.TORNADOVM
        ? NativeOutput.discarding(TornadoDevices::list)
        : list();
  }

  private static TornadoDevices list() {
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
        handle,
        Kernels.AUTO);
  }

  /**
   * OpenCL devices list half precision among their extensions, but NVIDIA's have it without listing
   * it. All devices of the other backends have it.
   */
  private static boolean hasHalf(TornadoVMBackendType type, TornadoDevice handle) {
    return type != TornadoVMBackendType.OPENCL
        || TornadoVm.presence() == TornadoVm.Presence.EMULATOR
        || handle.getPlatformName().contains("NVIDIA")
        || handle.getPhysicalDevice().getDeviceInfo().contains("cl_khr_fp16");
  }

  /** All devices in TornadoVM's order, its default first. */
  public List<Device> all() {
    return devices;
  }

  /** The first device that is not the host's processor; {@code --device auto} takes it. */
  public Optional<Device> accelerator() {
    return preferred(d -> d.type() != Type.CPU);
  }

  /**
   * The first such device. A GPU is listed by each backend that supports it: cuda has recorded
   * launches and the best code, then comes ptx, which later versions of TornadoVM have retired.
   */
  private Optional<Device> preferred(Predicate<Device> such) {
    return devices.stream()
        .filter(such)
        .min(
            Comparator.comparingInt(
                d -> d.backend().equals("cuda") ? 0 : d.backend().equals("ptx") ? 1 : 2));
  }

  /** Why {@link #accelerator} is empty. */
  public String whyNoAccelerator() {
    return devices.isEmpty()
        ? "TornadoVM finds no device"
        : "TornadoVM has no device but the host's own processor";
  }

  /** The first GPU; {@code --device gpu} takes it. */
  public Device gpu() {
    first(); // throws where there is no device, with what to install
    return preferred(d -> d.type() == Type.GPU)
        .orElseThrow(
            () ->
                new GptException(
                    "TornadoVM has no GPU, only "
                        + described()
                        + "; choose one with --device tornado:BACKEND:DEVICE, or --device cpu"));
  }

  /** TornadoVM's default device; {@code --device tornado} takes it. */
  public Device first() {
    if (devices.isEmpty()) {
      throw new GptException(
          "TornadoVM finds no device; install a driver (on Debian and Ubuntu pocl-opencl-icd"
              + " provides the CPU)");
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
