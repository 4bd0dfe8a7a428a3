package uk.ac.manchester.tornado.api.common;

import uk.ac.manchester.tornado.api.TornadoTargetDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;

/** A device that can run task graphs. */
public interface TornadoDevice {
  /** The backend's name of the device. */
  String getDeviceName();

  /** One line about the device. */
  String getDescription();

  /** The platform that the device belongs to. */
  String getPlatformName();

  /** The hardware behind it. */
  TornadoTargetDevice getPhysicalDevice();

  /** Its type. */
  TornadoDeviceType getDeviceType();

  /** Maximum size of one buffer, in bytes. */
  long getMaxAllocMemory();

  /** Bytes of global memory. */
  long getMaxGlobalMemory();

  /** Maximum local memory of a workgroup, in bytes. */
  long getDeviceLocalMemorySize();

  /** Maximum size of a workgroup in each dimension. */
  long[] getDeviceMaxWorkgroupDimensions();

  /** The version of OpenCL C. */
  String getDeviceOpenCLCVersion();

  /** A description of the device. */
  Object getDeviceInfo();

  /** Index of its backend. */
  int getBackendIndex();

  /** Processors of the host. */
  default int getAvailableProcessors() {
    return Runtime.getRuntime().availableProcessors();
  }

  /** The kind of backend that runs its kernels. */
  TornadoVMBackendType getTornadoVMBackend();

  /** Whether it supports SPIR-V. */
  boolean isSPIRVSupported();
}
