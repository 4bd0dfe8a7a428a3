package gpt.load;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a device, as {@code --device} and {@link gpt.LoadOptions} accept it.
 *
 * @param kind the kind of device
 * @param backend TornadoVM backend, by name or number; null for the default device of the kind
 * @param index the device's number in the backend
 */
public record Device(Kind kind, String backend, int index) {
  private static final Pattern NAMED = Pattern.compile("tornado:([a-z]+|[0-9]{1,3}):([0-9]{1,3})");

  /** The kind of a device, the first word of its name. */
  public enum Kind {
    /** TornadoVM's first device that is not the host's CPU, or else the CPU. */
    AUTO,
    /** The CPU backend: all cores, with the Vector API if this JVM has it. Copies the weights. */
    CPU,
    /** TornadoVM's first GPU. */
    GPU,
    /** A TornadoVM device; without a backend and index, TornadoVM's default device. */
    TORNADO,
    /** The emulator of TornadoVM, which checks kernels. */
    EMULATOR,
    /** The reference forward pass: one thread, double precision, written for readability. */
    REFERENCE;

    /** Its name in lower case, such as {@code cpu}. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** The default device of a kind. */
  public static Device of(Kind kind) {
    return new Device(kind, null, 0);
  }

  /**
   * Parses a device's name.
   *
   * @throws IllegalArgumentException if the text is not a device's name
   */
  public static Device parse(String text) {
    Matcher named = NAMED.matcher(text);
    if (named.matches()) {
      return new Device(Kind.TORNADO, named.group(1), Integer.parseInt(named.group(2)));
    }
    return Arrays.stream(Kind.values())
        .filter(kind -> kind.word().equals(text))
        .findFirst()
        .map(Device::of)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "expected "
                        + String.join(", ", words())
                        + " or tornado:BACKEND:DEVICE as in tornado:opencl:0, found '"
                        + text
                        + "'"));
  }

  /** The name, as {@link #parse} accepts it. */
  @Override
  public String toString() {
    return backend == null ? kind.word() : "tornado:" + backend + ":" + index;
  }

  /** The names of all kinds. */
  public static List<String> words() {
    return Arrays.stream(Kind.values()).map(Kind::word).toList();
  }
}
