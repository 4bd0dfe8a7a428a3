package uk.ac.manchester.tornado.api;

/** The hardware behind a device. */
public interface TornadoTargetDevice {
  /** The hardware's name. */
  String getDeviceName();

  /** Bytes of global memory. */
  long getDeviceGlobalMemorySize();

  /** Maximum local memory of a workgroup, in bytes. */
  long getDeviceLocalMemorySize();

  /** Number of compute units. */
  int getDeviceMaxComputeUnits();

  /** Maximum size of a workgroup in each dimension. */
  long[] getDeviceMaxWorkItemSizes();

  /** Maximum number of work items in a workgroup. */
  long[] getDeviceMaxWorkGroupSize();

  /** Maximum number of work items in a workgroup. */
  int getMaxThreadsPerBlock();

  /** Clock in MHz. */
  int getDeviceMaxClockFrequency();

  /** Bytes of constant memory. */
  long getDeviceMaxConstantBufferSize();

  /** Maximum size of one buffer, in bytes. */
  long getDeviceMaxAllocationSize();

  /** A description of the device. */
  String getDeviceInfo();
}
