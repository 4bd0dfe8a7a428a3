package gpt.load;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a device: what {@code --device} and the library's options take.
 *
 * @param kind its first word
 * @param backend TornadoVM's backend, by name or number; null where the words name none
 * @param index the device's number in it
 */
public record Device(Kind kind, String backend, int index) {
  private static final Pattern NAMED = Pattern.compile("tornado:([a-z]+|[0-9]{1,3}):([0-9]{1,3})");

  /** The first word. */
  public enum Kind {
    /** TornadoVM where it is there with a device of its own, else the CPU. */
    AUTO,
    /** All cores, the Vector API where this JVM has it. Copies the weights. */
    CPU,
    /** TornadoVM's first GPU. */
    GPU,
    /** A TornadoVM device, its default one where none is named. */
    TORNADO,
    /** The stand-in for TornadoVM that checks kernels. */
    EMULATOR,
    /** One thread, double precision, written to be read. */
    REFERENCE;

    /** The word for it: {@code cpu}. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** A device that a word alone names. */
  public static Device of(Kind kind) {
    return new Device(kind, null, 0);
  }

  /**
   * The device that a text names.
   *
   * @throws IllegalArgumentException where it names none
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

  /** The words that name a device alone. */
  public static List<String> words() {
    return Arrays.stream(Kind.values()).map(Kind::word).toList();
  }
}
