package uk.ac.manchester.tornado.api;

/** The hardware behind a device. */
public interface TornadoTargetDevice {
  /** The hardware's name. */
  String getDeviceName();

  /** Bytes of global memory. */
  long getDeviceGlobalMemorySize();

  /** Bytes of local memory a group can have. */
  long getDeviceLocalMemorySize();

  /** Number of compute units. */
  int getDeviceMaxComputeUnits();

  /** The most items a group can have in each dimension. */
  long[] getDeviceMaxWorkItemSizes();

  /** The most items a group can have. */
  long[] getDeviceMaxWorkGroupSize();

  /** The most items a group can have. */
  int getMaxThreadsPerBlock();

  /** Clock in MHz. */
  int getDeviceMaxClockFrequency();

  /** Bytes of constant memory. */
  long getDeviceMaxConstantBufferSize();

  /** Bytes that one buffer can have. */
  long getDeviceMaxAllocationSize();

  /** All of this as text. */
  String getDeviceInfo();
}
