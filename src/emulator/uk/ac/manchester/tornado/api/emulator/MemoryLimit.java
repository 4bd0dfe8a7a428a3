package uk.ac.manchester.tornado.api.emulator;

import java.util.Locale;
import uk.ac.manchester.tornado.api.exceptions.TornadoOutOfMemoryException;
import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;

/** The memory limits of a plan. */
public final class MemoryLimit {
  private MemoryLimit() {}

  /** Maximum total size of a plan's buffers, in bytes. */
  public static long ofDevice() {
    String size = System.getProperty("tornado.device.memory", "4GB");
    String digits = size.endsWith("B") ? size.substring(0, size.length() - 1) : size;
    int unit = "KMGT".indexOf(digits.charAt(digits.length() - 1)) + 1;
    long number = Long.parseLong(unit > 0 ? digits.substring(0, digits.length() - 1) : digits);
    return number << 10 * unit;
  }

  /** Parses a plan's limit such as 512MB, in decimal units. */
  public static long ofPlan(String limit) {
    String text = limit.strip().toUpperCase(Locale.ROOT);
    long unit = text.endsWith("MB") ? 1_000_000 : text.endsWith("GB") ? 1_000_000_000 : 0;
    if (unit == 0) {
      throw new TornadoRuntimeException(
          "memory limit: expected a number of MB or GB, found " + limit);
    }
    return Long.parseLong(text.substring(0, text.length() - 2).strip()) * unit;
  }

  static TornadoOutOfMemoryException outOf(long bytes, String array) {
    return new TornadoOutOfMemoryException(
        "not enough device memory for the "
            + bytes
            + " bytes of "
            + array
            + ": all buffers together are limited to "
            + ofDevice()
            + "; raise the limit with -Dtornado.device.memory=8GB, for example");
  }
}
