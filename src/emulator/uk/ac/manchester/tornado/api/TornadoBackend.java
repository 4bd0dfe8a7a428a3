package uk.ac.manchester.tornado.api;

import java.util.List;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;

/** A backend and its devices. */
public interface TornadoBackend {
  /** The default device. */
  TornadoDevice getDefaultDevice();

  /** Makes another device the default. */
  void setDefaultDevice(int index);

  /** Number of devices. */
  int getNumDevices();

  /** A device by its index. */
  TornadoDevice getDevice(int index);

  /** All devices. */
  List<TornadoDevice> getAllDevices();

  /** The type of the default device. */
  TornadoDeviceType getTypeDefaultDevice();

  /** The backend's name. */
  String getName();

  /** Number of platforms. */
  int getNumPlatforms();

  /** The kind of backend that runs its kernels. */
  TornadoVMBackendType getBackendType();
}
