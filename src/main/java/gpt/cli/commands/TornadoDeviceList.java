package gpt.cli.commands;

import gpt.GptException;
import gpt.backend.tornado.TornadoDevices;
import gpt.backend.tornado.check.DeviceTest;
import gpt.cli.output.StandardOutput;
import java.io.IOException;
import java.util.Locale;
import picocli.CommandLine;

/** The list that {@code gpt devices} prints if TornadoVM is loaded. */
final class TornadoDeviceList {
  private TornadoDeviceList() {}

  /**
   * Prints the list, and with {@code test} a line for each device's test.
   *
   * @return the exit status
   */
  static int print(boolean test) throws IOException {
    TornadoDevices devices = TornadoDevices.find();
    for (TornadoDevices.Device device : devices.all()) {
      StandardOutput.write(
          String.format(
              Locale.ROOT,
              "%-20s %-5s %7.1f GB  %s (%s; one array at most %.1f GB%s)%n",
              "tornado:" + device.id(),
              device.type(),
              device.memory() / 1e9,
              device.name(),
              device.platform(),
              device.largestArray() / 1e9,
              device.hasHalf() ? "" : "; no f16"));
    }
    StandardOutput.write(DevicesCommand.cpuLine());
    StandardOutput.write("\n" + byDefault(devices) + "\n");
    return !test || test(devices) ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
  }

  private static String byDefault(TornadoDevices devices) {
    return devices
        .accelerator()
        .map(d -> "default: tornado:" + d.id() + ", the first device that is not the host's CPU")
        .orElseGet(() -> "default: cpu, since " + devices.whyNoAccelerator());
  }

  private static boolean test(TornadoDevices devices) throws IOException {
    boolean passed = true;
    for (TornadoDevices.Device device : devices.all()) {
      String result;
      try {
        long begin = System.nanoTime();
        int kernels = DeviceTest.run(device);
        result =
            String.format(
                Locale.ROOT,
                "%d kernels passed, %.1f s%s",
                kernels,
                (System.nanoTime() - begin) / 1e9,
                DeviceTest.lacksShuffles(device)
                    ? "; simdSum does not add up its warps, so kernels use local memory"
                    : "");
      } catch (GptException e) {
        passed = false;
        result = "FAILED: " + e.getMessage();
      }
      StandardOutput.write("test tornado:" + device.id() + ": " + result + "\n");
    }
    return passed;
  }
}
