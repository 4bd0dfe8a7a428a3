package uk.ac.manchester.tornado.api;

import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/** All backends and devices of the runtime. */
public class TornadoDeviceMap {
  private final List<TornadoBackend> backends;

  /** The devices of this JVM's runtime. */
  public TornadoDeviceMap() {
    TornadoRuntime runtime = TornadoRuntimeProvider.getTornadoRuntime();
    backends = IntStream.range(0, runtime.getNumBackends()).mapToObj(runtime::getBackend).toList();
  }

  /** Number of backends. */
  public int getNumBackends() {
    return backends.size();
  }

  /** All backends. */
  public List<TornadoBackend> getAllBackends() {
    return backends;
  }

  /** The backends for which the predicate holds. */
  public List<TornadoBackend> getBackendsWithPredicate(
      Predicate<? super TornadoBackend> predicate) {
    return backends.stream().filter(predicate).toList();
  }

  /** The backends with a device for which the predicate holds. */
  public List<TornadoBackend> getBackendsWithDevicePredicate(
      Predicate<? super TornadoDevice> predicate) {
    return getBackendsWithPredicate(b -> b.getAllDevices().stream().anyMatch(predicate));
  }

  /** The devices whose hardware name contains a text, ignoring case. */
  public Stream<TornadoDevice> getDevicesByName(String deviceName) {
    String wanted = deviceName.toLowerCase(Locale.ROOT);
    return devices()
        .filter(
            d -> d.getPhysicalDevice().getDeviceName().toLowerCase(Locale.ROOT).contains(wanted));
  }

  /** The devices of one type. */
  public Stream<TornadoDevice> getDevicesByType(TornadoDeviceType deviceType) {
    return devices().filter(d -> d.getDeviceType() == deviceType);
  }

  private Stream<TornadoDevice> devices() {
    return backends.stream().flatMap(b -> b.getAllDevices().stream());
  }
}
