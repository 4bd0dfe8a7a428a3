package gpt.benchmarks;

import gpt.backend.tornado.TornadoDevices;

/** Finds TornadoVM devices by the ids in rows. */
public final class Devices {
  private Devices() {}

  /** The device with an id like {@code opencl:0}. */
  public static TornadoDevices.Device named(String id) {
    int colon = id.lastIndexOf(':');
    return TornadoDevices.find()
        .named(id.substring(0, colon), Integer.parseInt(id.substring(colon + 1)));
  }
}
