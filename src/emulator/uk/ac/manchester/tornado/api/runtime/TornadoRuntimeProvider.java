package uk.ac.manchester.tornado.api.runtime;

import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.emulator.EmulatorDevice;

/** Provides the runtime. */
public class TornadoRuntimeProvider {
  /** The runtime; here, the emulator. */
  public static TornadoRuntime getTornadoRuntime() {
    return EmulatorDevice.RUNTIME;
  }

  /** Whether the profiler is on for every plan. */
  public static boolean isProfilerEnabled() {
    return getTornadoRuntime().isProfilerEnabled();
  }

  /** Sets one of TornadoVM's properties. */
  public static void setProperty(String key, String value) {
    System.setProperty(key, value);
  }

  /** One of TornadoVM's properties, or a default. */
  public static String getProperty(String key, String value) {
    return System.getProperty(key, value);
  }

  /** One of TornadoVM's properties, or null. */
  public static String getProperty(String key) {
    return System.getProperty(key);
  }
}
