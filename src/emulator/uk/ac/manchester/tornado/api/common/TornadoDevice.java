package uk.ac.manchester.tornado.api.common;

import uk.ac.manchester.tornado.api.TornadoTargetDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;

/** A device that can run task graphs. */
public interface TornadoDevice {
  /** The backend's name of the device. */
  String getDeviceName();

  /** A line on the device. */
  String getDescription();

  /** The platform that the device belongs to. */
  String getPlatformName();

  /** The hardware behind it. */
  TornadoTargetDevice getPhysicalDevice();

  /** What it is. */
  TornadoDeviceType getDeviceType();

  /** Bytes that one buffer can have. */
  long getMaxAllocMemory();

  /** Bytes of global memory. */
  long getMaxGlobalMemory();

  /** Bytes of local memory a group can have. */
  long getDeviceLocalMemorySize();

  /** The most items a group can have in each dimension. */
  long[] getDeviceMaxWorkgroupDimensions();

  /** The version of OpenCL C. */
  String getDeviceOpenCLCVersion();

  /** All of this as text. */
  Object getDeviceInfo();

  /** Index of its backend. */
  int getBackendIndex();

  /** Processors of the host. */
  default int getAvailableProcessors() {
    return Runtime.getRuntime().availableProcessors();
  }

  /** What runs its kernels. */
  TornadoVMBackendType getTornadoVMBackend();

  /** True where it takes SPIR-V. */
  boolean isSPIRVSupported();
}
