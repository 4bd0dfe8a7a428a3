package uk.ac.manchester.tornado.api.emulator;

import java.util.List;
import uk.ac.manchester.tornado.api.TornadoBackend;
import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.TornadoTargetDevice;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;

/**
 * The emulator's only device. Its limits are those of a GPU, but its memory is the JVM's. It
 * reports itself as a GPU, or as a CPU with {@code -Dgpt.emulator.type=cpu}.
 */
public final class EmulatorDevice implements TornadoDevice, TornadoTargetDevice {
  /** The device. */
  public static final TornadoDevice DEVICE = new EmulatorDevice();

  /** The runtime with this device. */
  public static final TornadoRuntime RUNTIME = new Runtime();

  /** Maximum size of a workgroup: that of NVIDIA's GPUs. */
  static final int MAX_GROUP = 1024;

  /** Local memory of a workgroup in bytes: the default limit of NVIDIA's GPUs. */
  static final int LOCAL_MEMORY = 48 << 10;

  private EmulatorDevice() {}

  @Override
  public String getDeviceName() {
    return "emulator";
  }

  @Override
  public String getDescription() {
    return "emulator " + getDeviceType() + " (kernels run as Java, one work item at a time)";
  }

  @Override
  public String getPlatformName() {
    return "emulator";
  }

  @Override
  public TornadoTargetDevice getPhysicalDevice() {
    return this;
  }

  @Override
  public TornadoDeviceType getDeviceType() {
    String type = System.getProperty("gpt.emulator.type", "gpu");
    return switch (type) {
      case "gpu" -> TornadoDeviceType.GPU;
      case "cpu" -> TornadoDeviceType.CPU;
      default ->
          throw new TornadoRuntimeException(
              "gpt.emulator.type: expected gpu or cpu, found " + type);
    };
  }

  @Override
  public long getMaxAllocMemory() {
    return getMaxGlobalMemory() / 4;
  }

  @Override
  public long getMaxGlobalMemory() {
    return java.lang.Runtime.getRuntime().maxMemory();
  }

  @Override
  public long[] getDeviceMaxWorkgroupDimensions() {
    return new long[] {MAX_GROUP, MAX_GROUP, 64};
  }

  @Override
  public String getDeviceOpenCLCVersion() {
    return "none";
  }

  @Override
  public String getDeviceInfo() {
    return getDescription();
  }

  @Override
  public int getBackendIndex() {
    return 0;
  }

  @Override
  public TornadoVMBackendType getTornadoVMBackend() {
    return TornadoVMBackendType.JAVA;
  }

  @Override
  public boolean isSPIRVSupported() {
    return false;
  }

  @Override
  public long getDeviceGlobalMemorySize() {
    return getMaxGlobalMemory();
  }

  @Override
  public long getDeviceLocalMemorySize() {
    return LOCAL_MEMORY;
  }

  @Override
  public int getDeviceMaxComputeUnits() {
    return 1;
  }

  @Override
  public long[] getDeviceMaxWorkItemSizes() {
    return getDeviceMaxWorkgroupDimensions();
  }

  @Override
  public long[] getDeviceMaxWorkGroupSize() {
    return new long[] {MAX_GROUP};
  }

  @Override
  public int getMaxThreadsPerBlock() {
    return MAX_GROUP;
  }

  @Override
  public int getDeviceMaxClockFrequency() {
    return 1;
  }

  @Override
  public long getDeviceMaxConstantBufferSize() {
    return 64 << 10;
  }

  @Override
  public long getDeviceMaxAllocationSize() {
    return getMaxAllocMemory();
  }

  @Override
  public String toString() {
    return getDescription();
  }

  private static void checkIndex(int index) {
    if (index != 0) {
      throw new TornadoRuntimeException(
          "the emulator has one backend with one device, both with index 0, found " + index);
    }
  }

  private static final class Backend implements TornadoBackend {
    @Override
    public TornadoDevice getDefaultDevice() {
      return DEVICE;
    }

    @Override
    public void setDefaultDevice(int index) {
      checkIndex(index);
    }

    @Override
    public int getNumDevices() {
      return 1;
    }

    @Override
    public TornadoDevice getDevice(int index) {
      checkIndex(index);
      return DEVICE;
    }

    @Override
    public List<TornadoDevice> getAllDevices() {
      return List.of(DEVICE);
    }

    @Override
    public TornadoDeviceType getTypeDefaultDevice() {
      return DEVICE.getDeviceType();
    }

    @Override
    public String getName() {
      return "emulator";
    }

    @Override
    public int getNumPlatforms() {
      return 1;
    }

    @Override
    public TornadoVMBackendType getBackendType() {
      return DEVICE.getTornadoVMBackend();
    }
  }

  private static final class Runtime implements TornadoRuntime {
    private final TornadoBackend backend = new Backend();

    @Override
    public TornadoBackend getBackend(int index) {
      checkIndex(index);
      return backend;
    }

    @Override
    public void setDefaultBackend(int index) {
      checkIndex(index);
    }

    @Override
    public TornadoVMBackendType getBackendType(int index) {
      return getBackend(index).getBackendType();
    }

    @Override
    public int getNumBackends() {
      return 1;
    }

    @Override
    public TornadoDevice getDefaultDevice() {
      return DEVICE;
    }

    @Override
    public boolean isProfilerEnabled() {
      return false;
    }
  }
}
