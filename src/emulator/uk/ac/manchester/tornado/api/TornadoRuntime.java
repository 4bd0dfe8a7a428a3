package uk.ac.manchester.tornado.api;

import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;

/** The runtime's backends. */
public interface TornadoRuntime {
  /** A backend by its index. */
  TornadoBackend getBackend(int index);

  /** Makes another backend the default. */
  void setDefaultBackend(int index);

  /** The kind of a backend. */
  TornadoVMBackendType getBackendType(int index);

  /** Number of backends. */
  int getNumBackends();

  /** The default backend's default device. */
  TornadoDevice getDefaultDevice();

  /** Whether the profiler is on for every plan. */
  boolean isProfilerEnabled();
}
